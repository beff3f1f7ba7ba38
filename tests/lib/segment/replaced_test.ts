// What ended processes left with other options is replaced if it is empty, and named if it is not.

import assert from "node:assert/strict";
import {
  type ChannelOptions,
  Publisher,
  Puller,
  Pusher,
  removeStale,
  Replier,
  Requester,
  ShmConnectionError,
  ShmMessagingBackend,
  Subscriber,
} from "../../../mod.ts";
import { ShmBackend, type StateOptions } from "../../../backends/state/mod.ts";
import { inScratch, type Scratch } from "../../support/scratch.ts";
import { openSocket } from "../../support/peer.ts";

const OPENERS = {
  pusher: (dir: string, options: ChannelOptions) => new Pusher("a", { dir, ...options }),
  puller: (dir: string, options: ChannelOptions) => new Puller("a", { dir, ...options }),
  publisher: (dir: string, options: ChannelOptions) => new Publisher("a", { dir, ...options }),
  subscriber: (dir: string, options: ChannelOptions) => new Subscriber("a", { dir, ...options }),
  requester: (dir: string, options: ChannelOptions) => new Requester("a", { dir, ...options }),
  replier: (dir: string, options: ChannelOptions) => new Replier("a", { dir, ...options }),
};

type Role = keyof typeof OPENERS;

const CHANGES: Record<string, ChannelOptions> = {
  "another codec": { codec: "json", capacityBytes: 4096 },
  "another capacity": { capacityBytes: 8192 },
};

/** A killed process leaves a channel, with messages if it is a pusher. */
async function leave(
  { spawn, path: dir }: Scratch,
  role: Role,
  options: ChannelOptions,
  values: unknown[] = [],
): Promise<void> {
  const child = spawn();
  await child.execute({ do: "open", id: "x", role, target: "a", options: { dir, ...options } });
  if (values.length > 0) await child.execute({ do: "send", id: "x", values });
  child.kill("SIGKILL");
  await child.ended();
}

for (const role of Object.keys(OPENERS) as Role[]) {
  Deno.test(`a ${role} with other options replaces what a killed ${role} left`, () =>
    inScratch(async (scratch) => {
      for (const change of Object.values(CHANGES)) {
        await leave(scratch, role, { codec: "msgpack", capacityBytes: 4096 });
        using socket = OPENERS[role](scratch.path, change);
        assert.equal(socket.capacityBytes, change.capacityBytes);
      }
    }));
}

Deno.test("a queue with messages is not replaced, and the error says how many there are", () =>
  inScratch(async (scratch) => {
    const { path: dir } = scratch;
    await leave(scratch, "pusher", { codec: "msgpack", capacityBytes: 4096 }, [1, 2, 3, 4]);
    new Puller("a", { dir }).close();
    {
      using puller = new Puller("a", { dir });
      assert.equal(puller.tryRecv(), 1);
    }
    assert.throws(() => new Puller("a", { dir, codec: "json" }), (error: Error) => {
      assert.ok(error instanceof ShmConnectionError);
      assert.match(
        error.message,
        /process \d+ created it at 20.*codec "msgpack", capacityBytes 4096/,
      );
      assert.match(error.message, /no process uses it, and it holds 3 undelivered messages/);
      assert.match(error.message, /removeStale\(\{ includeNonEmpty: true \}\)/);
      return true;
    });
    using puller = new Puller("a", { dir, capacityBytes: 8192 });
    using pusher = new Pusher("a", { dir, capacityBytes: 8192 });
    assert.equal(pusher.capacityBytes, 8192);
    assert.deepEqual(puller.drain(), [2, 3, 4]);
  }));

Deno.test("a channel in use is not replaced, and the error names its creator", () =>
  inScratch(async ({ path: dir, spawn }) => {
    const child = spawn();
    await openSocket(child, "x", "subscriber", "a", { dir, codec: "msgpack", capacityBytes: 4096 });
    assert.throws(
      () => new Publisher("a", { dir, codec: "json" }),
      new RegExp(`process ${child.pid} created it at 20.*, and it is in use`),
    );
    using publisher = new Publisher("a", { dir, capacityBytes: 8192 });
    await child.execute({ do: "close", id: "x" });
    assert.equal(publisher.capacityBytes, 8192);
  }));

Deno.test("a persistent channel is not replaced", () =>
  inScratch(async ({ path: dir }) => {
    new Publisher("a", { dir, persist: true, capacityBytes: 4096 }).close();
    assert.throws(
      () => new Publisher("a", { dir, codec: "json" }),
      /removeStale\(\{ includePersistent: true \}\)/,
    );
    Deno.removeSync(`${dir}/a`);
    await Promise.resolve();
  }));

Deno.test("an empty state with another limit is replaced, one with data is not", () =>
  inScratch(async ({ path: dir }) => {
    const open = (maxBytes: number) => new ShmMessagingBackend({ name: "a", dir, maxBytes });
    await abandon(dir, 1 << 20, false);
    {
      await using backend = open(2 << 20);
      assert.equal(await backend.get("plan"), null);
    }
    await abandon(dir, 1 << 20, true);
    await using rejected = open(2 << 20);
    const expected =
      /maxBytes is 1048576 there, not 2097152; process \d+ created it at 20.+Z, and it holds 0 messages and 1 key; .*removeStale\(\)/;
    await assert.rejects(rejected.get("plan"), expected);
    await rejected.cleanup();
    await using backend = open(1 << 20);
    assert.equal(await backend.get("plan"), "precious");
  }));

/** A killed process leaves a state of messages. */
async function abandon(dir: string, maxBytes: number, hasKey: boolean): Promise<void> {
  const code = `
    import { ShmMessagingBackend } from "${new URL("../../../mod.ts", import.meta.url)}";
    const backend = new ShmMessagingBackend({ name: "a", dir: "${dir}", maxBytes: ${maxBytes} });
    ${hasKey ? 'await backend.set("plan", "precious")' : 'await backend.get("plan")'};
    Deno.kill(Deno.pid, "SIGKILL");`;
  await new Deno.Command(Deno.execPath(), { args: ["eval", "--quiet", code] }).output();
}

Deno.test("messages that have expired do not keep a state with another limit", () =>
  inScratch(async ({ path: dir }) => {
    let nowMs = 1_800_000_000_000;
    const clock = () => nowMs;
    const open = (maxBytes: number, persist = false) =>
      new ShmMessagingBackend({ name: "a", dir, maxBytes, persist, clock });
    const left = open(1 << 20, true);
    await left.set("plan", "outdated", { ex: 10 });
    await left.cleanup();
    await assert.rejects(open(2 << 20).get("plan"), /holds 0 messages and 1 key/);
    nowMs += 20_000;
    await assert.rejects(
      open(2 << 20).get("plan"),
      /holds 0 messages and 0 keys; .*removeStale\(\{ includePersistent: true \}\)/,
    );
    removeStale({ dir, includePersistent: true });
  }));

/** Ways in which the limits of shared state differ. */
const OTHER_LIMITS: StateOptions[] = [
  { maxThreads: 7 },
  { maxSlotsPerThread: 7 },
  { ttlSeconds: 60 },
];

Deno.test("an empty shared state with other limits is replaced, one with entries is not", () =>
  inScratch(async ({ path: dir }) => {
    for (const options of OTHER_LIMITS) {
      await abandonState(dir, "");
      {
        await using state = new ShmBackend({ dir, ...options });
        state.bufferAppendSync("t", Uint8Array.of(1));
        await using other = new ShmBackend({ dir });
        assert.equal(other.bufferThreadLenSync("t"), 1, "without limits it takes those there");
      }
      await abandonState(dir, 'state.registrySetSync("chain", "uuid")');
      assert.throws(() => new ShmBackend({ dir, ...options }), (error: Error) => {
        const [[limit, asked]] = Object.entries(options);
        assert.ok(error instanceof ShmConnectionError);
        assert.match(error.message, new RegExp(`${limit} is \\S+ there, not ${asked}; process`));
        assert.match(error.message, /created it at 20.+Z, and it holds 0 threads and 1 pair/);
        assert.match(error.message, /delete them with removeStale\(\)/);
        return true;
      });
      await using state = new ShmBackend({ dir });
      assert.equal(state.registryGetUuidSync("chain"), "uuid");
    }
  }));

Deno.test("shared state whose entries have expired is replaced", () =>
  inScratch(async ({ path: dir }) => {
    let nowMs = 1_800_000_000_000;
    const first = new ShmBackend({ dir, ttlSeconds: 10, persist: true, now: () => nowMs });
    first.bufferAppendSync("t", Uint8Array.of(1));
    first.closeSync();
    const open = () => new ShmBackend({ dir, ttlSeconds: 20, now: () => nowMs });
    assert.throws(open, /it holds 1 thread and 0 pairs/);
    nowMs += 11_000;
    assert.throws(open, /it holds 0 threads and 0 pairs; .*includePersistent: true/);
    removeStale({ dir, includePersistent: true });
    await using state = open();
    assert.deepEqual(state.bufferListThreadsSync(), []);
  }));

/** A killed process leaves a shared state. */
async function abandonState(dir: string, statement: string): Promise<void> {
  const code = `
    import { ShmBackend } from "${new URL("../../../backends/state/mod.ts", import.meta.url)}";
    const state = new ShmBackend({
      dir: "${dir}",
      maxThreads: 5,
      maxSlotsPerThread: 5,
      ttlSeconds: 3600,
    });
    ${statement};
    Deno.kill(Deno.pid, "SIGKILL");`;
  await new Deno.Command(Deno.execPath(), { args: ["eval", "--quiet", code] }).output();
}

Deno.test("the next program collects what killed ones left under names of their own", () =>
  inScratch(async (scratch) => {
    const { path: dir, spawn, names } = scratch;
    const victim = spawn();
    for (const role of Object.keys(OPENERS) as Role[]) {
      await victim.execute({
        do: "open",
        id: role,
        role,
        target: `left-${role}`,
        options: { dir },
      });
    }
    await victim.execute({ do: "send", id: "pusher", values: [1] });
    victim.kill("SIGKILL");
    await victim.ended();
    const options = { dir, persist: true };
    const keeper = spawn({ env: { RINGBUS_COLLECT: "0" } });
    await keeper.execute({ do: "open", id: "k", role: "publisher", target: "kept", options });
    await keeper.execute({ do: "close", id: "k" });
    assert.equal(names().filter((name) => name.startsWith("left-")).length, 6, "it is turned off");
    const files = () => names().filter((name) => !name.startsWith("."));
    // On a busy machine one program does not reach all files in its time.
    for (let programs = 0; programs < 10 && files().length > 3; programs++) {
      const next = spawn();
      await openSocket(next, "n", "publisher", "next", { dir });
    }
    assert.deepEqual(files(), ["kept", "left-pusher", "next"]);
    using puller = new Puller("left-pusher", { dir });
    assert.equal(puller.tryRecv(), 1);
    Deno.removeSync(`${dir}/kept`);
  }));

Deno.test("the error for another kind of channel says that no codec is chosen yet", () =>
  inScratch(({ path: dir }) => {
    using _puller = new Puller("q", { dir });
    assert.throws(
      () => new Subscriber("q", { dir }),
      /created it at .* as a queue with no codec chosen yet, capacityBytes/,
    );
    return Promise.resolve();
  }));
