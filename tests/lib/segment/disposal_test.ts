// Unreadable files are kept: a segment is deleted only if it is known to be empty.

import assert from "node:assert/strict";
import { Publisher, Puller, Pusher, removeStale, ShmMessagingBackend } from "../../../mod.ts";
import { ShmBackend } from "../../../backends/state/mod.ts";
import { controlOffset } from "../../../lib/segment/format.ts";
import { TestDirectory } from "../../conformance/channel/directory.ts";
import { half, poke } from "../../support/damage.ts";
import { inScratch } from "../../support/scratch.ts";
import * as layout from "../../../wasm/layout.ts";

const CAPACITY = 4096;
const MESSAGES = 50;
/** More than the program of the tests may map. */
const BIG_BYTES = 64 * 2 ** 20;

/** Words of a segment in which damage must not cost messages. */
function wordsToDamage(): number[] {
  const control = controlOffset(CAPACITY);
  const words = (start: number, end: number) =>
    Array.from({ length: (end - start) / 4 }, (_, i) => start + 4 * i);
  return [
    ...words(0, layout.HEADER_BYTES),
    ...words(control + layout.CONTROL_CODEC, control + layout.CONTROL_CODEC + layout.CODEC_BYTES),
    ...words(control + layout.CONTROL_LANES, control + layout.CONTROL_LANES + layout.LANE_BYTES),
  ];
}

function readWord(path: string, offset: number): Uint8Array<ArrayBuffer> {
  return Deno.readFileSync(path).slice(offset, offset + 4);
}

for (const damage of [0xdeadbeef, 0xffffffff, 0]) {
  Deno.test(`a queue with messages stays though a word is 0x${damage.toString(16)}`, () => {
    using directory = new TestDirectory();
    const options = { dir: directory.path, capacityBytes: CAPACITY };
    const path = directory.file("a");
    for (const offset of wordsToDamage()) {
      const pusher = new Pusher("a", options);
      for (let i = 0; i < MESSAGES; i++) assert.ok(pusher.send(i));
      const word = readWord(path, offset);
      poke(path, offset, half(damage));
      pusher.close();
      assert.ok(directory.files().includes("a"), `word ${offset}`);
      poke(path, offset, word);
      directory.discard("a");
    }
  });
}

Deno.test("removeStale keeps a damaged queue unless it may delete messages", () => {
  using directory = new TestDirectory();
  const { path: dir } = directory;
  const pusher = new Pusher("a", { dir });
  pusher.send(1);
  pusher.close();
  const word = readWord(directory.file("a"), layout.HEADER_KIND);
  poke(directory.file("a"), layout.HEADER_KIND, half(9));
  assert.deepEqual(removeStale({ dir, includePersistent: true }), []);
  poke(directory.file("a"), layout.HEADER_KIND, word);
  using puller = new Puller("a", { dir });
  assert.equal(puller.tryRecv(), 1);
});

/** What killed processes leave: messages with a key, and a state with a slot. */
async function leaveBackends(dir: string): Promise<void> {
  const { code } = await program("leave", dir).output();
  assert.equal(code, 128 + 9);
}

function program(what: string, dir: string): Deno.Command {
  const url = new URL("../../support/programs/failing_checks.ts", import.meta.url);
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-A", url.href, what, dir],
    stdin: "null",
  });
}

async function assertBackendsLeft(dir: string): Promise<void> {
  await using messages = new ShmMessagingBackend({ name: "messages", dir });
  assert.equal(await messages.get("plan"), "precious");
  await using state = new ShmBackend({ shmName: "state", dir });
  assert.deepEqual(state.bufferGetSlotSync("plan", 0), Uint8Array.of(7));
}

Deno.test("a rejected backend deletes nothing", () =>
  inScratch(async ({ path: dir }) => {
    await leaveBackends(dir);
    await using other = new ShmMessagingBackend({ name: "messages", dir, maxBytes: 1 << 20 });
    await assert.rejects(other.get("plan"), /maxBytes is/);
    await other.cleanup();
    assert.throws(() => new ShmBackend({ shmName: "state", dir, maxThreads: 5 }));
    assert.throws(() => new Publisher("messages", { dir }), /its kind is journal/);
    await assertBackendsLeft(dir);
  }));

for (const what of ["messages", "state"]) {
  Deno.test(`a journal that cannot be opened for want of descriptors stays: ${what}`, () =>
    inScratch(async ({ path: dir }) => {
      await leaveBackends(dir);
      const { stdout } = await program(what, dir).output();
      const { value } = JSON.parse(new TextDecoder().decode(stdout));
      assert.ok(value.length > 2, "no attempt failed");
      assert.equal(value.at(-1), "opened");
      await assertBackendsLeft(dir);
    }));
}

for (const what of ["queue in memory", "queue in shared memory"]) {
  Deno.test(`a program goes on when no descriptor is left to open a ${what}`, () =>
    inScratch(async ({ path: dir }) => {
      const { stdout } = await program(what, dir).output();
      const { value } = JSON.parse(new TextDecoder().decode(stdout));
      assert.ok(value.length > 2, "no attempt failed");
      assert.deepEqual(new Set(value), new Set(["QueueConnectionError", "opened"]));
      for (const { name } of Deno.readDirSync(dir)) Deno.removeSync(`${dir}/${name}`);
    }));
}

Deno.test("the last puller keeps the messages when it can map nothing more", () =>
  inScratch(async ({ path: dir, spawn }) => {
    const puller = spawn({
      program: "failing_checks.ts",
      flags: ["-A"],
      args: ["memory", dir],
    });
    assert.equal(await puller.result(), "open");
    const pusher = new Pusher<Uint8Array>("held", { dir, codec: "raw" });
    assert.ok(pusher.send(new Uint8Array(BIG_BYTES).fill(7)));
    pusher.close();
    await puller.sendCommand({ do: "close" });
    await puller.result();
    await puller.ended();
    using next = new Puller<Uint8Array>("held", { dir });
    assert.equal(next.tryRecv()?.length, BIG_BYTES);
  }));

Deno.test("an overwritten identity of a journal costs no data", async () => {
  using directory = new TestDirectory();
  const { path: dir } = directory;
  const options = { name: "messages", dir, persist: true };
  {
    await using backend = new ShmMessagingBackend(options);
    await backend.set("plan", "precious");
  }
  const word = readWord(directory.file("messages"), layout.HEADER_BYTES);
  poke(directory.file("messages"), layout.HEADER_BYTES, half(0x1234));
  await using damaged = new ShmMessagingBackend(options);
  await assert.rejects(damaged.get("plan"), /is missing/);
  await damaged.cleanup();
  removeStale({ dir });
  poke(directory.file("messages"), layout.HEADER_BYTES, word);
  {
    await using backend = new ShmMessagingBackend(options);
    assert.equal(await backend.get("plan"), "precious");
  }
  removeStale({ dir, includePersistent: true });
});
