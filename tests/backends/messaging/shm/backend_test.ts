// The contract of messaging backends in shared memory, and the tests of that backend.

import assert from "node:assert/strict";
import {
  type Message,
  MessagingConnectionError,
  MessagingRefusedError,
  removeStale,
  ShmCorruptionError,
  ShmMessagingBackend,
  type ShmMessagingBackendOptions,
} from "../../../../mod.ts";
import { Journal } from "../../../../lib/journal/journal.ts";
import {
  encodeOperation,
  encodeRecord,
  FORMAT,
} from "../../../../backends/messaging/shm/operation.ts";
import { Replica } from "../../../../backends/messaging/shm/replica.ts";
import { OPERATIONS } from "../../../../backends/store/operations.ts";
import { Subscription } from "../../../../backends/store/subscription.ts";
import {
  makeMessage,
  MessageCollector,
  numbered,
  numbersOf,
} from "../../../conformance/messaging/transport.ts";
import { testMessagingBackend } from "../../../conformance/messaging/suite.ts";
import { libcPath } from "../../../support/libc.ts";
import { sleep, until } from "../../../support/deadline.ts";
import { collectLog, textsOf } from "../../../support/log_records.ts";
import { Ledger } from "../../../support/ledger.ts";
import { Program } from "../../../support/program.ts";
import {
  cleanUpAfterKills,
  inSampledScratch,
  inScratch,
  makeScratchDirectory,
} from "../../../support/scratch.ts";

testMessagingBackend({
  name: "shm",
  redisLike: ["keys", "publish", "patterns"],
  spansProcesses: true,
  open() {
    let aheadMs = 0;
    const dir = makeScratchDirectory();
    const config = { name: "messages", dir };
    return Promise.resolve({
      backend: (options) =>
        new ShmMessagingBackend({ ...options, ...config, clock: () => Date.now() + aheadMs }),
      advance: (ms) => {
        aheadMs += ms;
        return Promise.resolve();
      },
      remote: {
        module: new URL("../../../../mod.ts", import.meta.url).href,
        className: "ShmMessagingBackend",
        config,
      },
      [Symbol.asyncDispose]: async () => {
        const left = [...Deno.readDirSync(dir)].map(({ name }) => name);
        await Deno.remove(dir, { recursive: true });
        assert.deepEqual(left, []);
      },
    });
  },
});

function backendIn(
  dir: string,
  options: Partial<ShmMessagingBackendOptions> = {},
): ShmMessagingBackend {
  return new ShmMessagingBackend({ name: "messages", dir, ...options });
}

/** A process that performs a task with the messages of a directory. */
function program(dir: string, task: string, flags = [`--allow-ffi=${libcPath()}`]): Program {
  return new Program([...flags, "tests/support/programs/shm_messages.ts", dir, task]);
}

/** The complete lines that a process has printed. */
function outputOf(program: Program): unknown[] {
  return program.output.split("\n").slice(0, -1).map((line) => JSON.parse(line));
}

Deno.test("shm: the permission for the C library suffices", () =>
  inScratch(async ({ path }) => {
    await using user = program(path, "use");
    assert.deepEqual(await user.lines(), ["1", "1", "1"]);
  }));

Deno.test("shm: without --allow-ffi the error names the flag and the address", () =>
  inScratch(async ({ path }) => {
    await using user = program(path, "use", []);
    await user.ended();
    assert.match(user.output, /MessagingConnectionError: .*--allow-ffi.* at shm:messages/);
  }));

Deno.test("shm: messages outlive processes that were killed", () =>
  inScratch(async ({ path }) => {
    await using writer = program(path, "write");
    await writer.prints("20\n");
    writer.kill("SIGKILL");
    await writer.ended();
    const reported = outputOf(writer).length;
    await using backend = backendIn(path);
    const messages = await backend.getMessagesForTopic("t");
    assert.ok(messages.length === reported || messages.length === reported + 1);
    assert.deepEqual(numbersOf(messages), messages.map((_, n) => n));
  }));

Deno.test("shm: the state outlives the last backend only with persist", () =>
  inScratch(async ({ path, names }) => {
    const message = numbered(1);
    {
      await using backend = backendIn(path, { persist: true });
      await backend.storeMessage("n", "t", message, { ttlSeconds: 1000 });
      await backend.hset("h", "f", 2n ** 64n);
    }
    {
      await using backend = backendIn(path, { persist: true });
      assert.deepEqual(await backend.getMessagesById("n", [message.id]), [message]);
      assert.equal(await backend.hget("h", "f"), 2n ** 64n);
    }
    assert.deepEqual(removeStale({ dir: path, includePersistent: true }), ["messages"]);
    assert.deepEqual(names(), []);
    {
      await using backend = backendIn(path);
      await backend.storeMessage("n", "t", message);
    }
    assert.deepEqual(names(), []);
  }));

Deno.test("shm: messages of killed writers arrive once and whole in all backends", () =>
  inSampledScratch(async ({ path }, random) => {
    const ROUNDS = 4;
    await using backend = backendIn(path, { maxBytes: 2 ** 30 });
    const collector = new MessageCollector();
    await backend.subscribe("t", collector.handler);
    const reported = new Map<number, number>();
    for (let round = 0; round < ROUNDS; round++) {
      await using writers = new AsyncDisposableStack();
      const pair = [2 * round, 2 * round + 1].map((who) =>
        [who, writers.use(programOf(path, who))] as const
      );
      await Promise.all(pair.map(([, writer]) => writer.prints("\n")));
      await sleep(random.below(100));
      for (const [who, writer] of pair) {
        writer.kill("SIGKILL");
        await writer.ended();
        reported.set(who, outputOf(writer).length);
      }
    }
    await backend.storeMessage("n", "t", numbered(-1));
    await until(() => collector.messages.at(-1)?.payload["n"] === -1, "the last message");
    checkWhole(collector.messages.slice(0, -1), reported);
    await using late = backendIn(path);
    checkWhole((await late.getMessagesForTopic("t")).slice(0, -1), reported);
    cleanUpAfterKills(path);
  }));

function programOf(dir: string, who: number): Program {
  const flags = [`--allow-ffi=${libcPath()}`];
  return new Program([
    ...flags,
    "tests/support/programs/shm_messages.ts",
    dir,
    "write",
    String(who),
  ]);
}

/** Checks that the messages of each writer arrived in order and once, with all that it has reported. */
function checkWhole(messages: readonly Message[], reported: ReadonlyMap<number, number>): void {
  for (const [who, count] of reported) {
    const mine = messages.filter(({ payload }) => payload["who"] === String(who));
    assert.ok(mine.length === count || mine.length === count + 1, `${mine.length} of ${count}`);
    for (const [n, { payload }] of mine.entries()) {
      assert.deepEqual(payload, { who: String(who), n, text: `${n}`.repeat(50) });
    }
  }
}

Deno.test("shm: a process that only subscribes receives what others store and publish", () =>
  inScratch(async ({ path }) => {
    await using listener = program(path, "listen");
    await listener.prints("subscribed");
    await using backend = backendIn(path);
    assert.equal(await backend.publish("t", "hello"), 2);
    await backend.storeMessage("n", "t", numbered(7));
    await listener.prints('"hello"\n7\n');
    listener.kill("SIGKILL");
    await listener.ended();
    assert.equal(await backend.publish("t", "none"), 0);
  }));

Deno.test("shm: limits hold for all backends, and evictions are counted", () =>
  inScratch(async ({ path }) => {
    await using one = backendIn(path, { maxBytes: 20_000, maxMessagesPerTopic: 5 });
    await using other = backendIn(path);
    const fat = (n: number) => makeMessage({ payload: { n, text: "x".repeat(2500) } });
    for (let n = 0; n < 8; n++) await one.storeMessage("n", "t", numbered(n));
    for (let n = 0; n < 10; n++) await other.storeMessage("n", `fat ${n}`, fat(n));
    for (const backend of [one, other]) {
      assert.deepEqual(await backend.getMessagesForTopic("t"), []);
      const { messages, evicted, stored, bytes } = await backend.stats();
      assert.deepEqual([evicted, stored], [18 - messages, 18]);
      assert.ok(bytes <= 20_000 && messages >= 6);
    }
    const huge = makeMessage({ payload: { text: "x".repeat(30_000) } });
    await assert.rejects(one.storeMessage("n", "t", huge), MessagingRefusedError);
    await assert.rejects(one.set("k", "x".repeat(30_000)), MessagingRefusedError);
    assert.equal(await other.get("k"), null);
    assert.deepEqual(await one.stats(), await other.stats());
  }));

Deno.test("shm: counters and contents survive snapshots, and storage stays small", () =>
  inScratch(async ({ path }) => {
    await using one = backendIn(path, { maxBytes: 500_000 });
    await one.connect();
    await using idle = backendIn(path);
    await idle.set("kept", [1]);
    await idle.subscribe("none", () => {});
    const text = "x".repeat(20_000);
    for (let n = 0; n < 400; n++) {
      await one.storeMessage("n", "t", makeMessage({ payload: { n, text } }));
    }
    const { sharedBytes, messages, evicted, stored } = await one.stats();
    assert.ok(sharedBytes < 3_500_000, `${sharedBytes} bytes`);
    assert.deepEqual([stored, evicted], [400, 400 - messages]);
    await using late = backendIn(path);
    for (const backend of [idle, late]) {
      assert.deepEqual(await backend.stats(), await one.stats());
      assert.deepEqual(await backend.get("kept"), [1]);
      const numbers = numbersOf(await backend.getMessagesForTopic("t"));
      assert.deepEqual(numbers, Array.from({ length: messages }, (_, i) => 400 - messages + i));
    }
    assert.equal(await one.publish("none", "x"), 1);
  }));

Deno.test("shm: limits that are asked for replace defaults, in every order", () =>
  inScratch(async ({ path: dir }) => {
    const open = (options: { maxBytes?: number; maxMessagesPerTopic?: number }) =>
      new ShmMessagingBackend({ name: "messages", dir, ...options });
    await using first = open({});
    await first.storeMessage("n", "t", numbered(1));
    await using second = open({ maxMessagesPerTopic: 2 });
    await using third = open({ maxBytes: 1 << 20 });
    await using late = open({});
    for (const [n, backend] of [second, third, late].entries()) {
      await backend.storeMessage("n", "t", numbered(n + 2));
    }
    for (const backend of [first, second, third, late]) {
      assert.deepEqual(numbersOf(await backend.getMessagesForTopic("t")), [3, 4]);
    }
    await assert.rejects(
      open({ maxMessagesPerTopic: 3 }).getMessagesForTopic("t"),
      /maxMessagesPerTopic is 2 there, not 3; process \d+ created it/,
    );
    await assert.rejects(
      first.set("k", "x".repeat(2 << 20)),
      /cannot store \d+ bytes: maxBytes is 1048576/,
    );
  }));

Deno.test("shm: no limit replaces a default if messages had to be evicted for it", () =>
  inScratch(async ({ path: dir }) => {
    await using first = new ShmMessagingBackend({ name: "messages", dir });
    for (let n = 0; n < 5; n++) await first.storeMessage("n", "t", numbered(n));
    for (const limits of [{ maxMessagesPerTopic: 4 }, { maxBytes: 1000 }]) {
      const other = new ShmMessagingBackend({ name: "messages", dir, ...limits });
      await assert.rejects(
        other.getMessagesForTopic("t"),
        /is \S+ there, not (?:4|1000); .* holds 5 messages/,
      );
    }
    assert.equal((await first.getMessagesForTopic("t")).length, 5);
  }));

Deno.test("shm: contradicting and invalid options are rejected", () =>
  inScratch(async ({ path }) => {
    await using first = backendIn(path, { maxBytes: 1000 });
    await first.connect();
    await using same = backendIn(path, { maxBytes: 1000 });
    await same.connect();
    await using other = backendIn(path, { maxBytes: 2000 });
    await assert.rejects(other.connect(), (error: Error) => {
      assert.ok(error instanceof MessagingConnectionError);
      assert.equal(error.address, "shm:messages");
      assert.match(error.message, /maxBytes is 1000 there, not 2000; .* at shm:messages/);
      return true;
    });
    await using lost = backendIn(`${path}/none/such`);
    await assert.rejects(lost.getMessagesForTopic("t"), MessagingConnectionError);
    assert.throws(() => backendIn(path, { name: "a/b" }), TypeError);
    assert.throws(() => backendIn(path, { maxBytes: 0 }), RangeError);
    assert.throws(() => backendIn(path, { maxBytes: 2 ** 31 }), RangeError);
    assert.throws(() => backendIn(path, { maxMessagesPerTopic: 1.5 }), RangeError);
  }));

/** Appends records to the journal that no backend appends. */
function poison(dir: string, bytes: Uint8Array): void {
  class Bystander extends Ledger {
    override apply(): void {}
  }
  using journal = new Journal("messages", FORMAT, new Bystander(), { dir });
  journal.append(bytes);
}

Deno.test("shm: an invalid record is damage, and ends no process", () =>
  inScratch(async ({ path }) => {
    for (const text of ["", "x", "[]\n", '["store","n"]\n{}', '["toString"]\n', "\xff\xfe"]) {
      await using backend = backendIn(path);
      const collector = new MessageCollector();
      await backend.subscribe("t", collector.handler);
      poison(path, Uint8Array.from(text, (character) => character.charCodeAt(0)));
      await sleep(5);
      for (let attempt = 0; attempt < 2; attempt++) {
        await assert.rejects(backend.getMessagesForTopic("t"), ShmCorruptionError, text);
        await assert.rejects(backend.storeMessage("n", "t", numbered(1)), ShmCorruptionError);
      }
      assert.deepEqual(collector.messages, []);
      await backend.cleanup();
      assert.deepEqual(removeStale({ dir: path }), ["messages"], "the damaged journal stays");
    }
  }));

Deno.test("shm: a well-formed record that no backend would write has no effect", () =>
  inScratch(async ({ path }) => {
    await using backend = backendIn(path);
    const collector = new MessageCollector();
    await backend.subscribe("t", collector.handler);
    const bad = [
      encodeRecord("store", ["n", "t", null], "no JSON"),
      encodeRecord("store", ["n", "t", null], '{"id":-1}'),
      encodeRecord("store", ["n", "bad\n", null], '{"id":1}'),
      encodeRecord("store", ["n", "t", 0], '{"id":1}'),
      encodeRecord("set", ["k", null], "no JSON"),
      encodeRecord("sadd", ["k"], "7"),
      encodeRecord("unsubscribe", ["none", "t"]),
      encodeRecord("leave", ["none"]),
    ];
    for (const record of bad) poison(path, record);
    await backend.storeMessage("n", "t", numbered(5));
    assert.deepEqual(numbersOf(await collector.has(1)), [5]);
    assert.deepEqual(numbersOf(await backend.getMessagesForTopic("t")), [5]);
    assert.equal((await backend.stats()).keys, 0);
  }));

Deno.test("shm: a subscriber that was two compactions behind warns of the records that it skipped", () =>
  inScratch(async ({ path: dir }) => {
    const limits = { maxBytes: 1e9, maxMessagesPerTopic: 2 };
    const received = new Subscription();
    const replicas = [
      new Replica("slow", received, limits),
      new Replica("fast", new Subscription(), limits),
    ];
    const records = await collectLog(() => {
      const [slow, fast] = replicas.map((replica) => new Journal("lag", FORMAT, replica, { dir }));
      try {
        const member = { name: "slow", isolate: 0n };
        const expiresAtMs = () => 0;
        slow.append(encodeOperation(OPERATIONS.subscribe, { topic: "t" }, { member, expiresAtMs }));
        const store = (id: number) =>
          fast.append(
            encodeOperation(
              OPERATIONS.store,
              { namespace: "n", topic: "t", message: `{"id":${id}}`, ttl: undefined },
              { expiresAtMs },
            ),
          );
        store(1);
        slow.catchUp();
        for (const id of [2, 3, 4]) store(id);
        fast.rotate();
        for (const id of [5, 6, 7]) store(id);
        fast.rotate();
        store(8);
        slow.catchUp();
        for (const id of [9, 10, 11, 12]) store(id);
        fast.rotate();
        slow.catchUp();
        for (const replica of replicas) replica.finish();
      } finally {
        slow.close();
        fast.close();
      }
    });
    const ids = received.take().map((delivery) =>
      delivery.kind === "stored" && delivery.message.id
    );
    assert.deepEqual(ids, [1n, 2n, 3n, 4n, 6n, 7n, 8n, 9n, 10n, 11n, 12n]);
    const warnings = textsOf(records, "warning");
    assert.equal(warnings.length, 1);
    assert.match(warnings[0], /\(slow\) did not read 1 record of its journal, 1 in all/);
  }));
