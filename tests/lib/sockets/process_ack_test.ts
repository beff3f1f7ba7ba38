import assert from "node:assert/strict";
import { type Delivery, listChannels, Puller, Pusher, removeStale } from "../../../mod.ts";
import { numbers, pattern, sameBytes } from "../../conformance/channel/values.ts";
import type { Child } from "../../support/child.ts";
import { sleep, until } from "../../support/deadline.ts";
import { cleanUpAfterKills, inScratch, type Scratch } from "../../support/scratch.ts";
import { untilReceiversBlocked } from "../../support/segment.ts";
import { Stopwatch } from "../../support/stopwatch.ts";

/** Ten times the time within which messages of a dead puller should be with another. */
const RECOVERY_BOUND_MS = 1000;

/** Longer than the time between two checks for pullers that died. */
const POLL_MS = 30;

/** The result of a child that pulled: values with their deliveries. */
type Pulled = [value: number, deliveries: number][];

async function pullerIn(scratch: Scratch): Promise<Child> {
  const child = scratch.spawn();
  const options = { dir: scratch.path, ack: true, maxUnacked: 1000 };
  await child.execute({ do: "open", id: "in", role: "puller", target: "work", options });
  return child;
}

/** A child that holds the next messages of a queue. */
async function unackedPullerIn(scratch: Scratch, count: number): Promise<Child> {
  const child = await pullerIn(scratch);
  await child.execute({ do: "pull", id: "in", count, settle: "keep" });
  return child;
}

async function kill(child: Child): Promise<void> {
  child.kill("SIGKILL");
  await child.ended();
}

async function poll<T>(take: () => T | undefined): Promise<T> {
  let message = take();
  for (; message === undefined; message = take()) await sleep(1);
  return message;
}

/** Ways of a survivor to get its next message. */
const RECEIVE: Record<string, (puller: Puller<Delivery<number>>) => Promise<Delivery<number>>> = {
  recv: (puller) => puller.recv({ timeoutMs: 20_000 }),
  tryRecv: (puller) => poll(() => puller.tryRecv()),
  drain: (puller) => poll(() => puller.drain(1)[0]),
};

for (const [call, receive] of Object.entries(RECEIVE)) {
  Deno.test(`the messages of a killed puller go to one that calls ${call}, once and in order`, () =>
    inScratch(async (scratch) => {
      using pusher = new Pusher<number>("work", { dir: scratch.path });
      using survivor = new Puller<number>("work", { dir: scratch.path, ack: true });
      pusher.sendMany(numbers(25));
      const killed = await unackedPullerIn(scratch, 20);
      for (const message of survivor.drain()) message.ack();
      const first = receive(survivor);
      await kill(killed);
      const watch = new Stopwatch();
      const received = [await first];
      const tookMs = watch.elapsedMs;
      while (received.length < 20) received.push(await receive(survivor));
      assert.ok(tookMs < RECOVERY_BOUND_MS, `the first message took ${tookMs} ms`);
      assert.deepEqual(received.map(({ value }) => value), numbers(20));
      assert.ok(received.every(({ deliveries }) => deliveries === 2));
      for (const message of received) message.ack();
      assert.equal(survivor.tryRecv(), undefined);
      assert.equal(survivor.statistics().redelivered, 20);
    }));
}

Deno.test("the messages of a killed puller go to one that blocks, and to one that has a backlog", () =>
  inScratch(async (scratch) => {
    using pusher = new Pusher<number>("work", { dir: scratch.path });
    pusher.sendMany(numbers(20));
    const killed = await unackedPullerIn(scratch, 20);
    const survivor = await pullerIn(scratch);
    await survivor.start({ do: "pull", id: "in", count: 10, settle: "ack" });
    await untilReceiversBlocked({ path: `${scratch.path}/work` }, 1);
    await kill(killed);
    const before = performance.now();
    assert.deepEqual(await survivor.result<Pulled>(), numbers(10).map((n) => [n, 2]));
    assert.ok(performance.now() - before < RECOVERY_BOUND_MS);

    pusher.sendMany(numbers(1000, 100));
    using busy = new Puller<number>("work", { dir: scratch.path });
    const seen = numbers(20).map(() => busy.recvSync({ timeoutMs: 20_000 }));
    assert.deepEqual(seen.filter((n) => n < 20), numbers(10, 10));
    busy.drain();
  }));

Deno.test("the messages of a killed puller do not wait for the backlog of pullers that attached before it", () =>
  inScratch(async (scratch) => {
    using pusher = new Pusher<number>("work", { dir: scratch.path });
    using plain = new Puller<number>("work", { dir: scratch.path });
    using holding = new Puller<number>("work", { dir: scratch.path, ack: true });
    pusher.sendMany(numbers(1000));
    const settle = (taken?: number | Delivery<number>) => typeof taken === "object" && taken.ack();
    plain.tryRecv();
    for (const busy of [plain, holding]) {
      const killed = await unackedPullerIn(scratch, 5);
      await kill(killed);
      await sleep(POLL_MS);
      const { received, redelivered } = busy.statistics();
      for (let taken = 0; taken < 20; taken++) settle(busy.tryRecv());
      assert.equal(busy.statistics().received - received, 20);
      assert.equal(busy.statistics().redelivered - redelivered, 5);
    }
    plain.drain();
  }));

Deno.test("a puller without ack receives the messages of a killed one", () =>
  inScratch(async (scratch) => {
    using pusher = new Pusher<number>("work", { dir: scratch.path });
    using plain = new Puller<number>("work", { dir: scratch.path });
    pusher.sendMany(numbers(5));
    const killed = await unackedPullerIn(scratch, 5);
    const first = plain.recv({ timeoutMs: 20_000 });
    await kill(killed);
    assert.equal(await first, 0);
    assert.deepEqual(plain.drain(), numbers(4, 1));
    assert.equal(plain.statistics().redelivered, 5);
  }));

Deno.test("only messages that were not acknowledged are delivered again after a kill, with their deliveries", () =>
  inScratch(async (scratch) => {
    using pusher = new Pusher<number>("work", { dir: scratch.path });
    pusher.sendMany(numbers(10));
    for (let deliveries = 1; deliveries <= 4; deliveries++) {
      const child = await pullerIn(scratch);
      await child.execute({ do: "pull", id: "in", count: 1, settle: "ack" });
      const count = 10 - deliveries;
      const held = await child.execute<Pulled>({ do: "pull", id: "in", count, settle: "keep" });
      assert.deepEqual(held, numbers(count, deliveries).map((n) => [n, deliveries]));
      await kill(child);
    }
    using last = new Puller<number>("work", { dir: scratch.path, ack: true });
    const rest = last.drain();
    assert.deepEqual(rest.map((m) => [m.value, m.deliveries]), numbers(6, 4).map((n) => [n, 5]));
    for (const message of rest) message.ack();
  }));

Deno.test("leased messages outlive all processes, and wait for the next puller", () =>
  inScratch(async (scratch) => {
    const { path: dir } = scratch;
    const pusher = new Pusher<number>("work", { dir });
    pusher.sendMany(numbers(6));
    const killed = await unackedPullerIn(scratch, 4);
    pusher.close();
    await kill(killed);
    const [before] = listChannels({ dir });
    assert.equal(before.unacknowledged, 4);
    assert.equal(before.participants.some(({ alive }) => alive), false);
    new Pusher<number>("work", { dir }).close();
    assert.deepEqual(removeStale({ dir }), []);
    using puller = new Puller<number>("work", { dir, ack: true });
    const received = puller.drain();
    assert.deepEqual(received.map(({ value }) => value).sort(), numbers(6));
    assert.equal(listChannels({ dir })[0].unacknowledged, 6);
    for (const message of received) message.ack();
    assert.equal(listChannels({ dir })[0].unacknowledged, 0);
  }));

Deno.test("a queue that holds only unacknowledged messages is deleted on request", () =>
  inScratch(({ path: dir }) => {
    const pusher = new Pusher<number>("work", { dir });
    pusher.sendMany(numbers(3));
    const puller = new Puller<number>("work", { dir, ack: true });
    assert.equal(puller.drain().length, 3);
    pusher.close();
    puller.close();
    assert.deepEqual(removeStale({ dir }), []);
    assert.deepEqual(removeStale({ dir, includeNonEmpty: true }), ["work"]);
    return Promise.resolve();
  }));

Deno.test("big messages of a killed puller are delivered again whole", () =>
  inScratch(async (scratch) => {
    const options = { dir: scratch.path, codec: "raw", capacityBytes: 4096 } as const;
    using pusher = new Pusher<Uint8Array>("work", options);
    const sizes = [10, 3000, 100_000, 3_000_000];
    const killed = await pullerIn(scratch);
    for (const size of sizes) {
      pusher.send(pattern(size, size));
      await killed.execute({ do: "pull", id: "in", count: 1, settle: "keep" });
    }
    for (let n = 0; n < 20; n++) {
      pusher.sendSync(pattern(200_000, n), { timeoutMs: 20_000 });
      await killed.execute({ do: "pull", id: "in", count: 1, settle: "ack" });
    }
    await kill(killed);
    using puller = new Puller<Uint8Array>("work", { ...options, ack: true });
    const again = puller.drain();
    assert.deepEqual(again.map(({ value }) => value.length), sizes);
    for (const { value } of again) assert.ok(sameBytes(value, pattern(value.length, value.length)));
    for (const message of again) message.ack();
  }));

Deno.test("a stopped puller keeps what it holds, and delays no other", () =>
  inScratch(async (scratch) => {
    using pusher = new Pusher<number>("work", { dir: scratch.path, capacityBytes: 1024 });
    using other = new Puller<number>("work", { dir: scratch.path, ack: true });
    pusher.sendMany(numbers(5));
    const stopped = await unackedPullerIn(scratch, 5);
    stopped.kill("SIGSTOP");
    for (let n = 5; n < 500; n++) {
      assert.equal(pusher.send(n), true);
      const message = other.recvSync({ timeoutMs: 20_000 });
      assert.deepEqual([message.value, message.deliveries], [n, 1]);
      message.ack();
    }
    await sleep(150);
    assert.equal(other.tryRecv(), undefined);
    stopped.kill("SIGCONT");
    await stopped.execute({ do: "close", id: "in" });
    const rest = other.drain();
    assert.deepEqual(rest.map((m) => [m.value, m.deliveries]), numbers(5).map((n) => [n, 2]));
    for (const message of rest) message.ack();
  }));

/** Processes killed one after another, each while it works. */
const KILLS = 50;
const WORKERS = 4;

Deno.test(`${KILLS} kills lose no message, and double only leased ones`, () =>
  inScratch(async (scratch) => {
    const { path: dir } = scratch;
    using pusher = new Pusher<number>("work", { dir });
    using done = new Puller<number>("done", { dir });
    const seen = new Map<number, number>();
    let sent = 0;
    let kills = 0;
    const collect = () => {
      for (const value of done.drain()) seen.set(value, (seen.get(value) ?? 0) + 1);
    };
    const feed = () => {
      while (sent - seen.size < 200) pusher.sendSync(sent++);
    };
    const program = { program: "ack_worker.ts", args: [dir] };
    const attack = async () => {
      while (kills < KILLS) {
        kills++;
        const worker = scratch.spawn(program);
        const before = seen.size;
        await until(() => {
          collect();
          feed();
          return seen.size > before + 20 * WORKERS;
        }, "work of the workers");
        await kill(worker);
      }
    };
    await Promise.all(numbers(WORKERS).map(attack));
    using last = new Puller<number>("work", { dir, ack: true });
    const deadline = performance.now() + 30_000;
    collect();
    while (seen.size < sent && performance.now() < deadline) {
      const message = last.tryRecv();
      if (message === undefined) await sleep(1);
      else {
        seen.set(message.value, (seen.get(message.value) ?? 0) + 1);
        message.ack();
      }
      collect();
    }
    const doubled = [...seen.values()].reduce((sum, times) => sum + times - 1, 0);
    assert.equal(seen.size, sent, "messages were lost");
    assert.deepEqual([...seen.keys()].sort((a, b) => a - b), numbers(sent));
    assert.ok(doubled <= KILLS, `${doubled} messages were done twice by ${KILLS} killed workers`);
    assert.equal(last.tryRecv(), undefined);
    cleanUpAfterKills(dir);
  }));
