// The contract of shared state on a server in a process of its own, and the tests of that server.

import assert from "node:assert/strict";
import {
  getSharedBackend,
  ManagerBackend,
  resetSharedBackend,
  SharedBackendConnectionError,
  type StateOptions,
} from "../../../../backends/state/mod.ts";
import { EmbeddedServer, StateHost, type StateHostOptions } from "../../../../backends/tcp/mod.ts";
import { Store } from "../../../../mod.ts";
import { bytes } from "../../../conformance/state/transport.ts";
import { testSharedBackend } from "../../../conformance/state/suite.ts";
import { WaitingTests } from "../../../support/waiting_tests.ts";
import { sleep, until } from "../../../support/deadline.ts";
import { freePort } from "../../../support/free_port.ts";
import { isListening, LineClient } from "../../../support/line_client.ts";
import { Program } from "../../../support/program.ts";
import { tcpProxy } from "../../../support/tcp_proxy.ts";

const KEY = new TextEncoder().encode("the key of the tests");
const HOST = "127.0.0.1";

function at(port: number, options: StateOptions = {}): ManagerBackend {
  return new ManagerBackend({ ...options, managerAddress: [HOST, port], managerAuthkey: KEY });
}

/** A process with a backend. It appends one slot, and runs until it is killed. */
function attached(port: number): Program {
  return new Program([
    "-A",
    "tests/support/programs/state_member.ts",
    String(port),
    KEY.toBase64(),
  ]);
}

/** Runs a test with a server in this process. */
async function withHost(
  test: (port: number, server: EmbeddedServer) => Promise<void>,
  options: Partial<StateHostOptions> = {},
): Promise<void> {
  const state = new StateHost({ authkey: KEY, ...options });
  await using server = new EmbeddedServer({ port: 0, state });
  await test(await server.start(), server);
}

const waiting = new WaitingTests();
testSharedBackend({
  name: "manager",
  open(options) {
    const config = {
      ...options,
      managerAddress: [HOST, freePort()] as [string, number],
      managerAuthkey: KEY,
    };
    return Promise.resolve({
      backend: () => Promise.resolve(new ManagerBackend(config)),
      advance: sleep,
      remote: { backendType: "manager", ...config },
      [Symbol.asyncDispose]: async () => {
        assert.equal(await isListening(config.managerAddress[1]), false);
      },
    });
  },
  waiting,
});
waiting.define("manager state");

Deno.test("manager state: the server ends with its last client, and frees its port", async () => {
  const port = freePort();
  const [one, other] = [at(port), at(port)];
  await one.bufferAppend("t", bytes(1));
  assert.equal(await other.bufferThreadLen("t"), 1);
  await one.close();
  assert.equal(await isListening(port), true);
  assert.equal(await other.bufferThreadLen("t"), 1);
  await other.close();
  Deno.listen({ hostname: HOST, port }).close();
  await using late = at(port);
  assert.equal(await late.bufferThreadLen("t"), 0);
});

Deno.test("manager state: the server survives the process that started it, and ends when the last one is killed", async () => {
  const port = freePort();
  await using starter = attached(port);
  await starter.prints("index 0");
  await using other = attached(port);
  await other.prints("index 1");
  starter.kill("SIGKILL");
  await starter.ended();
  const backend = at(port);
  assert.equal(await backend.bufferThreadLen("t"), 2);
  await backend.close();
  await sleep(3000);
  assert.equal(await isListening(port), true);
  other.kill("SIGKILL");
  await other.ended();
  await until(async () => !(await isListening(port)), "the end of the server");
});

Deno.test("manager state: of clients that start at the same time one wins, and the others attach", async () => {
  const port = freePort();
  await using stack = new AsyncDisposableStack();
  const backends = Array.from({ length: 4 }, () => stack.use(at(port)));
  const programs = Array.from({ length: 2 }, () => stack.use(attached(port)));
  const own = await Promise.all(backends.map((each) => each.bufferAppend("t", bytes(1))));
  await Promise.all(programs.map((each) => each.prints("index")));
  const others = programs.map(({ output }) => Number(/index (\d+)/.exec(output)![1]));
  assert.deepEqual([...own, ...others].sort(), [0, 1, 2, 3, 4, 5]);
  for (const each of programs) {
    each.kill("SIGKILL");
    await each.ended();
  }
});

Deno.test("manager state: a wrong key is rejected at once", async () => {
  const port = freePort();
  await using backend = at(port);
  await backend.bufferAppend("t", bytes(1));
  const config = {
    backendType: "manager",
    managerAddress: [HOST, port] as [string, number],
    managerAuthkey: bytes(1, 2, 3),
  } as const;
  await assert.rejects(getSharedBackend(config), (error: Error) => {
    assert.ok(error instanceof SharedBackendConnectionError);
    assert.match(error.message, /wrong authkey/);
    return true;
  });
  await resetSharedBackend();
  assert.equal(await backend.bufferThreadLen("t"), 1);
});

/** Runs a test with a server that replies to each line with the next of some replies. */
async function withImpostor(
  replies: string[],
  test: (port: number) => Promise<void>,
): Promise<void> {
  using listener = Deno.listen({ hostname: HOST, port: 0 });
  const serving = (async () => {
    for await (const conn of listener) {
      for (const reply of replies) {
        await conn.read(new Uint8Array(4096));
        await conn.write(new TextEncoder().encode(`${reply}\r\n`));
      }
      await conn.read(new Uint8Array(1));
      conn.close();
    }
  })();
  await test((listener.addr as Deno.NetAddr).port);
  listener.close();
  await serving;
}

Deno.test("manager state: a server that does not know the key is not used", async () => {
  const zeros = new Uint8Array(32).toBase64();
  const cases: [string[], RegExp][] = [
    [[`NONCE ${zeros} x`, `PROOF ${zeros}`], /does not know the managerAuthkey/],
    [["HTTP/1.1 400 Bad Request"], /is it a server of Ringbus/],
    [['ERROR "unknown command"'], /unknown command/],
  ];
  for (const [replies, message] of cases) {
    await withImpostor(replies, async (port) => {
      await using backend = at(port);
      await assert.rejects(backend.bufferAppend("t", bytes(1)), (error: Error) => {
        assert.ok(error instanceof SharedBackendConnectionError);
        assert.match(error.message, message);
        return true;
      });
    });
  }
});

Deno.test("manager state: the server rejects commands before the handshake, and after a false one", async () => {
  await withHost(async (port) => {
    await using client = await LineClient.open(port);
    const zeros = new Uint8Array(32).toBase64();
    for (const line of ["STATE_ATTACH c 10000 1000 0", "STATE_APPEND 1 t AA==", "STATE_SLOTS t"]) {
      assert.match((await client.request(line))!, /^ERROR "prove the authkey/);
    }
    assert.match(
      (await client.request(`STATE_PROVE ${zeros} ${zeros}`))!,
      /send STATE_HELLO first/,
    );
    assert.match((await client.request("STATE_HELLO"))!, /^NONCE \S{44} \S+$/);
    assert.match((await client.request(`STATE_PROVE ${zeros} ${zeros}`))!, /wrong authkey/);
    assert.match(
      (await client.request(`STATE_PROVE ${zeros} ${zeros}`))!,
      /send STATE_HELLO first/,
    );
    assert.match((await client.request("STATE_LENGTH t"))!, /^ERROR "prove the authkey/);
  });
});

Deno.test("manager state: a proof is not valid on another connection", async () => {
  await withHost(async (port) => {
    await using spied = await LineClient.open(port);
    const proof = await proofLine((await spied.request("STATE_HELLO"))!);
    await using replayed = await LineClient.open(port);
    await replayed.request("STATE_HELLO");
    assert.match((await replayed.request(proof.line))!, /wrong authkey/);
    assert.equal(await spied.request(proof.line), proof.reply);
  });
});

Deno.test("manager state: a server without shared state rejects the client", async () => {
  await using server = new EmbeddedServer({ port: 0 });
  await using backend = at(await server.start());
  await assert.rejects(backend.connect(), /this server keeps no shared state/);
});

Deno.test("manager state: the token of a server is not needed for its state", async () => {
  await using server = new EmbeddedServer({
    port: 0,
    token: "secret",
    state: new StateHost({ authkey: KEY }),
  });
  await using backend = at(await server.start());
  assert.equal(await backend.bufferAppend("t", new Uint8Array(1_000_000)), 0);
  await using client = await LineClient.open(server.port);
  assert.match((await client.request("PUBLISH t x"))!, /AUTH/);
});

Deno.test("manager state: other limits than those of the first client are rejected", async () => {
  const port = freePort();
  await using backend = at(port, { maxThreads: 5, ttlSeconds: 60 });
  await backend.bufferAppend("t", bytes(1));
  const cases: [StateOptions, RegExp][] = [
    [{ maxThreads: 6, ttlSeconds: 60 }, /maxThreads 5, not 6/],
    [{ maxThreads: 5 }, /ttlMs 60000, not unlimited/],
    [{ maxThreads: 5, ttlSeconds: 60, maxSlotsPerThread: 1 }, /maxSlotsPerThread 10000, not 1/],
  ];
  for (const [options, message] of cases) {
    await using other = at(port, options);
    await assert.rejects(other.bufferThreadLen("t"), message);
  }
  assert.equal(await backend.bufferThreadLen("t"), 1);
});

Deno.test("manager state: an address that cannot be reached is an error with a remedy", async () => {
  const config = { backendType: "manager", managerAuthkey: KEY } as const;
  for (const host of ["0.0.0.0", "nowhere.invalid"]) {
    const managerAddress: [string, number] = [host, freePort()];
    await assert.rejects(getSharedBackend({ ...config, managerAddress }), (error: Error) => {
      assert.ok(error instanceof SharedBackendConnectionError);
      assert.ok(error.message.includes(managerAddress.join(":")), error.message);
      return true;
    });
  }
  await resetSharedBackend();
});

Deno.test("manager state: invalid keys and addresses are rejected, and keys are not shown", () => {
  for (const bad of [undefined, "password", [1], new Uint8Array()]) {
    const managerAuthkey = bad as Uint8Array;
    assert.throws(() => new ManagerBackend({ managerAuthkey }), (error: Error) => {
      assert.ok(error instanceof TypeError);
      assert.match(error.message, /managerAuthkey must be a Uint8Array/);
      assert.doesNotMatch(error.message, /password/);
      return true;
    });
  }
  for (const bad of [["h"], ["", 1], ["h", 0], ["h", 65_536], ["h", "1"], "h:1", ["h", 1, 2]]) {
    const managerAddress = bad as [string, number];
    assert.throws(
      () => new ManagerBackend({ managerAddress, managerAuthkey: KEY }),
      /managerAddress must be a host and a port/,
    );
  }
});

Deno.test("manager state: calls are carried out once when the connection breaks", async () => {
  await withHost(async (port) => {
    await using proxy = await tcpProxy(port);
    await using backend = at(proxy.port);
    await using witness = at(port);
    await backend.bufferAppend("first", bytes(1));
    let cuts = 0;
    for (const direction of ["to server", "to client"] as const) {
      for (let round = 0; round < 25; round++) {
        const threadId = `${direction} ${round}`;
        proxy.cutAfter(round * 13, direction);
        const appends = Array.from(
          { length: 50 },
          (_, i) => backend.bufferAppend(threadId, bytes(i)),
        );
        assert.deepEqual(await Promise.all(appends), Array.from({ length: 50 }, (_, i) => i));
        const slots = await witness.bufferGetThread(threadId);
        assert.deepEqual(slots.map(([byte]) => byte), Array.from({ length: 50 }, (_, i) => i));
        proxy.cutAfter(round, direction);
        assert.equal(await backend.bufferDeleteThread(threadId), true);
        assert.equal(await backend.bufferDeleteThread(threadId), false);
        assert.ok(proxy.cuts > cuts, `round ${round}, ${direction}`);
        cuts = proxy.cuts;
      }
    }
  });
});

Deno.test("manager state: when the server is killed, calls fail, and a backend does not continue with another state", async () => {
  const port = freePort();
  await using starter = attached(port);
  await starter.prints("index 0");
  const backend = at(port);
  await backend.bufferAppend("t", bytes(1));
  Deno.kill(pidOfServer(port), "SIGKILL");
  await until(async () => !(await isListening(port)), "the end of the server");
  await assert.rejects(backend.bufferAppend("t", bytes(2)), isLoss(/the server has ended/));
  await using other = at(port);
  assert.equal(await other.bufferAppend("t", bytes(3)), 0);
  await assert.rejects(backend.bufferThreadLen("t"), isLoss(/another server than before/));
  await backend.close();
  assert.equal(await other.bufferThreadLen("t"), 1);
});

function isLoss(message: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof SharedBackendConnectionError && message.test(error.message);
}

/** The process that listens on a port. The command line does not contain the port. */
function pidOfServer(port: number): number {
  const hex = `:${port.toString(16).toUpperCase().padStart(4, "0")} 00000000:0000 0A`;
  const line = Deno.readTextFileSync("/proc/net/tcp").split("\n").find((row) => row.includes(hex))!;
  const socket = `socket:[${line.trim().split(/\s+/)[9]}]`;
  for (const { name: pid } of Deno.readDirSync("/proc")) {
    if (/^\d+$/.test(pid) && filesOf(pid).includes(socket)) return Number(pid);
  }
  throw new Error(`no process listens on port ${port}`);
}

function filesOf(pid: string): string[] {
  try {
    return [...Deno.readDirSync(`/proc/${pid}/fd`)].map(({ name }) =>
      Deno.readLinkSync(`/proc/${pid}/fd/${name}`)
    );
  } catch {
    // The process has just ended, or belongs to another user.
    return [];
  }
}

Deno.test("manager state: malformed commands are rejected, and change nothing", async () => {
  await withHost(async (port, server) => {
    await using backend = at(port);
    await backend.bufferAppend("t", bytes(1));
    await using client = await proved(port);
    assert.match((await client.request("STATE_LENGTH t"))!, /STATE_ATTACH first/);
    assert.match((await client.request("STATE_ATTACH c 1 1000 0"))!, /maxSlotsPerThread/);
    assert.match((await client.request('STATE_ATTACH "a b" 10000 1000 0'))!, /ERROR/);
    assert.equal(await client.request("STATE_ATTACH c 10000 1000 0"), "ATTACHED");
    const malformed = [
      "STATE_ATTACH c 10000 1000 0",
      "STATE_APPEND x t AA==",
      "STATE_APPEND -1 t AA==",
      "STATE_APPEND 1.5 t AA==",
      "STATE_APPEND 99999999999999999999 t AA==",
      "STATE_APPEND 1 t ****",
      'STATE_APPEND 1 "" AA==',
      "STATE_APPEND 1 t",
      "STATE_SLOT t x",
      "STATE_SLOT t -1",
      `STATE_LENGTH ${"x".repeat(1025)}`,
      "STATE_SET_PAIR 1 JSON:AA== u",
      "STATE_UUID JSON:/w==",
    ];
    for (const line of malformed) assert.match((await client.request(line))!, /^ERROR "/, line);
    assert.equal(await client.request("STATE_APPEND 5 t AA=="), "OK 1");
    assert.equal(await client.request("STATE_APPEND 5 t AA=="), "OK 1");
    assert.match((await client.request("STATE_APPEND 4 t AA=="))!, /no longer kept/);
    assert.equal(await client.request("STATE_LENGTH t"), "OK 2");
    assert.equal(server.getStats().commands["STATE_APPEND"] > 1, true);
  });
});

/** A client that has proved the key. */
async function proved(port: number): Promise<LineClient> {
  const client = await LineClient.open(port);
  const { line, reply } = await proofLine((await client.request("STATE_HELLO"))!);
  assert.equal(await client.request(line), reply);
  return client;
}

/** The command that proves the key, and the expected reply, computed with WebCrypto. */
async function proofLine(hello: string): Promise<{ line: string; reply: string }> {
  const nonce = new Uint8Array(32).fill(7);
  const numbers = [...nonce, ...Uint8Array.fromBase64(hello.split(" ")[1])];
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", KEY, algorithm, false, ["sign"]);
  const sign = async (side: string) => {
    const text = new TextEncoder().encode(`ringbus state ${side}`);
    const signed = await crypto.subtle.sign("HMAC", key, new Uint8Array([...text, ...numbers]));
    return new Uint8Array(signed).toBase64();
  };
  return {
    line: `STATE_PROVE ${nonce.toBase64()} ${await sign("client")}`,
    reply: `PROOF ${await sign("server")}`,
  };
}

Deno.test("manager state: a thread larger than maxReplyBytes must be read slot by slot", async () => {
  const state = new StateHost({ authkey: KEY });
  await using server = new EmbeddedServer({ port: 0, state, maxReplyBytes: 10_000 });
  await using backend = at(await server.start());
  for (let i = 0; i < 3; i++) await backend.bufferAppend("t", new Uint8Array(4000).fill(i));
  await assert.rejects(backend.bufferGetThread("t"), /read slot by slot/);
  assert.deepEqual(await backend.bufferGetSlot("t", 2), new Uint8Array(4000).fill(2));
});

Deno.test("manager state: reading a thread or a pair delays its expiry", async () => {
  let nowMs = 0;
  await withHost(async (port) => {
    await using backend = at(port, { ttlSeconds: 10 });
    await backend.bufferAppend("t", bytes(1));
    await backend.registrySet("a", "u");
    for (let i = 0; i < 5; i++) {
      nowMs += 6000;
      assert.equal(await backend.bufferThreadLen("t"), 1);
      assert.equal(await backend.registryGetUuid("a"), "u");
    }
    nowMs += 11_000;
    assert.equal(await backend.bufferThreadLen("t"), 0);
    assert.equal(await backend.registryGetChain("u"), undefined);
  }, { ttlSeconds: 10, now: () => nowMs });
});

Deno.test("manager: the state counts for maxBytes of its server, until it is deleted or has expired", async () => {
  const authkey = new Uint8Array(32).fill(7);
  let nowMs = 0;
  const state = new StateHost({ authkey, ttlSeconds: 10, now: () => nowMs });
  const store = new Store({ maxBytes: 8 * 2 ** 20 });
  await using server = new EmbeddedServer({ port: 0, state, store });
  const port = await server.start();
  await using backend = new ManagerBackend({
    managerAddress: ["127.0.0.1", port],
    managerAuthkey: authkey,
    ttlSeconds: 10,
  });
  const slot = new Uint8Array(2 ** 20);
  const fill = async () => {
    for (let i = 0; i < 7; i++) await backend.bufferAppend(`t${i}`, slot);
    await assert.rejects(backend.bufferAppend("more", slot), /cannot store .* bytes/);
    await assert.rejects(backend.bufferAppend("t0", slot), /cannot store .* bytes/);
  };
  await fill();
  assert.ok(store.usedBytes > 7 * slot.length);
  assert.equal(await backend.bufferDeleteThread("t0"), true);
  await backend.bufferAppend("more", slot);
  await backend.bufferClear();
  assert.equal(store.usedBytes, 0);
  await fill();
  nowMs += 10_001;
  await fill();
  nowMs += 10_001;
  await backend.registrySet("chain", "uuid");
  await backend.registrySet("chain", "other");
  assert.ok(store.usedBytes > 0 && store.usedBytes < 3000);
  await backend.registryClear();
  assert.equal(store.usedBytes, 0);
});
