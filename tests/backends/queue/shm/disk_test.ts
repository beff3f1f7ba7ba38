// A queue in a directory on a disk: what its calls have stored survives the end of the machine.

import assert from "node:assert/strict";
import { ShmMessageQueue, type ShmQueueOptions } from "../../../../mod.ts";
import { platform } from "../../../../lib/platform/mod.ts";
import { nextOf, payloads, task } from "../../../conformance/queue/stage.ts";
import { CrashingDisk, restartMachine } from "../../../support/crashing_disk.ts";
import { until } from "../../../support/deadline.ts";
import { cleanUpAfterKills, inSampledScratch, inScratch } from "../../../support/scratch.ts";

async function openIn(
  dir: string,
  options: Partial<ShmQueueOptions> = {},
): Promise<ShmMessageQueue> {
  const queue = new ShmMessageQueue({ name: "q", dir, persist: true, ...options });
  await queue.initialize();
  return queue;
}

/** Runs a test in a directory that is not in shared memory. */
async function onDisk(test: (dir: string) => Promise<void>): Promise<void> {
  const dir = Deno.makeTempDirSync({ prefix: "ringbus-disk-" });
  try {
    await test(dir);
  } finally {
    Deno.removeSync(dir, { recursive: true });
  }
}

for (const fsync of ["always", "everySecond", "never"] as const) {
  Deno.test(`shm queue: with fsync ${fsync}, messages on a disk are there for the next process`, () =>
    onDisk(async (dir) => {
      {
        await using queue = await openIn(dir, { fsync });
        for (let n = 0; n < 3; n++) await queue.publish(task(n));
        await queue.acknowledge(await nextOf(queue.subscribe("tasks", "worker")));
      }
      await using queue = await openIn(dir, { fsync });
      assert.deepEqual(payloads(await queue.getPending("worker")), [1, 2]);
    }));
}

/** The files that calls write to the disk meanwhile. */
async function writtenDuring(
  work: (written: readonly string[]) => Promise<void>,
): Promise<string[]> {
  const os = platform();
  const { syncLater } = os;
  const written: string[] = [];
  os.syncLater = async (path) => {
    const text = new TextDecoder("latin1").decode(Deno.readFileSync(path));
    await syncLater.call(os, path);
    written.push(text);
  };
  try {
    await work(written);
  } finally {
    os.syncLater = syncLater;
  }
  return written;
}

Deno.test("shm queue: with fsync always, calls at the same time share a write", () =>
  inScratch(async ({ path }) => {
    await using queue = await openIn(path, { fsync: "always", persist: false });
    const numbers = Array.from({ length: 50 }, (_, n) => n);
    const written = await writtenDuring(async () => {
      await Promise.all(numbers.map((n) => queue.publish(task(`message ${n}.`))));
    });
    assert.ok(written.length <= 3, `${written.length} writes`);
    for (const n of numbers) assert.ok(written.at(-1)!.includes(`message ${n}.`), `${n}`);
  }));

Deno.test("shm queue: with fsync everySecond, a message is written soon, and at close", () =>
  inScratch(async ({ path }) => {
    const all = await writtenDuring(async (written) => {
      const queue = await openIn(path, { fsync: "everySecond", persist: false });
      await queue.publish(task("soon"));
      await until(() => written.some((text) => text.includes("soon")), "the write");
      await queue.publish(task("at close"));
      await queue.close();
    });
    assert.ok(all.at(-1)!.includes("at close"));
  }));

Deno.test("shm queue: with fsync always, no call that resolved is undone by the end of the machine", () =>
  inSampledScratch(async ({ path }, random) => {
    const ROUNDS = 15;
    for (let round = 0; round < ROUNDS; round++) {
      const dir = `${path}/${round}`;
      Deno.mkdirSync(dir, { mode: 0o700 });
      using disk = new CrashingDisk(dir, "q");
      const queue = await openIn(dir, { fsync: "always" });
      const subscription = queue.subscribe("tasks", "worker");
      const stored = new Set<unknown>();
      const done = new Set<unknown>();
      for (let n = random.between(1, 60); n > 0; n--) {
        const payload = `${n} ${"x".repeat(random.length(30_000))}`;
        await queue.publish(task(payload));
        stored.add(payload);
        if (random.chance(0.4)) continue;
        const record = await nextOf(subscription);
        await queue.acknowledge(record);
        done.add(record.payload);
        if (random.chance(0.5)) await queue.delete(record.id);
      }
      const unresolved = queue.publish(task("perhaps"));
      const crashed = disk.crash(random);
      await unresolved;
      await queue.close();
      restartMachine(crashed, "q");
      await using again = await openIn(crashed, { fsync: "always" });
      const found = payloads(await again.getPending("worker", { limit: 1000 }));
      const expected = [...stored].filter((payload) => !done.has(payload));
      assert.deepEqual(found.filter((payload) => payload !== "perhaps"), expected);
      await again.publish(task("after"));
      await again.close();
      cleanUpAfterKills(crashed);
      Deno.removeSync(crashed, { recursive: true });
      Deno.removeSync(dir, { recursive: true });
    }
  }));

Deno.test("shm queue: a disk that cannot be written is an error of the call with fsync always", () =>
  inScratch(async ({ path }) => {
    await using queue = await openIn(path, { fsync: "always", persist: false });
    const os = platform();
    const { syncLater } = os;
    os.syncLater = (file) => syncLater.call(os, `${file}/none`);
    try {
      await assert.rejects(queue.publish(task(1)), { name: "QueueError", message: /disk/ });
    } finally {
      os.syncLater = syncLater;
    }
    await queue.publish(task(2));
    await until(async () => await queue.count() === 2, "both messages");
  }));
