// Hostile input: random bytes, broken requests, and every command with words that do not belong.

import assert from "node:assert/strict";
import v8 from "node:v8";
import vm from "node:vm";
import { COMMANDS } from "../../../backends/resp/commands/mod.ts";
import { Client } from "../../../backends/resp/engine/client.ts";
import type { ClientOutput } from "../../../backends/resp/engine/client_state.ts";
import { CommandTable } from "../../../backends/resp/engine/command_table.ts";
import { Dispatcher } from "../../../backends/resp/engine/dispatcher.ts";
import { Service } from "../../../backends/resp/engine/service.ts";
import { writeReply } from "../../../backends/resp/protocol/encoder.ts";
import { ErrorReply, type Reply } from "../../../backends/resp/protocol/reply.ts";
import { RequestParser } from "../../../backends/resp/protocol/request_parser.ts";
import { limitsFor } from "../../../backends/resp/server/limits.ts";
import { latin1Bytes, readLatin1 } from "../../../backends/store/latin1.ts";
import { takeTurn } from "../../../lib/base/turn.ts";
import { Store } from "../../../backends/store/store.ts";
import { WriteBuffer } from "../../../backends/tcp/protocol/write_buffer.ts";
import { sha1 } from "../../../backends/resp/scripts/script_text.ts";
import { until } from "../../support/deadline.ts";
import { Random } from "../../support/random.ts";
import { requestBytes, RespClient } from "../../support/resp_client.ts";
import { withResp } from "../../support/resp_server.ts";
import { withSeed } from "../../support/seed.ts";

const INPUTS = 100_000;
/** Inputs after which the code is compiled, and all tables are there. */
const FIRST_INPUTS = 30_000;
const MIB = 2 ** 20;
/** More than what the engine adds to compiled code, and less than 24 bytes for each input. */
const MAX_GROWTH = 1.5 * MIB;
const LIMITS = { maxBulkBytes: 64 * 1024, maxPendingBytes: MIB };
const VERSION = "7.4.0";

/** Words that commands do not expect. */
const WORDS = [
  ...["", "0", "1", "-1", "2", "3", "-3", "10", "1.5", "nan", "inf", "-inf", "1e400", "0x10"],
  ...["9223372036854775807", "-9223372036854775808", "18446744073709551615", "4294967295", "99999"],
  ...["a", "b", "c", "\xff\x00", "*", "[", "[^a-", "\\", "a*b?[c]", "->", "#", "x".repeat(300)],
  ...[
    "(1",
    "[a",
    "-",
    "+",
    "1-1",
    "0-0",
    "5-*",
    "*",
    ">",
    "$",
    "=",
    "~",
    "NX",
    "XX",
    "GT",
    "LT",
    "CH",
  ],
  ...[
    "INCR",
    "GET",
    "SET",
    "EX",
    "PX",
    "KEEPTTL",
    "LIMIT",
    "COUNT",
    "MATCH",
    "WITHSCORES",
    "BYLEX",
  ],
  ...[
    "BYSCORE",
    "REV",
    "WEIGHTS",
    "AGGREGATE",
    "STREAMS",
    "GROUP",
    "BLOCK",
    "MAXLEN",
    "MINID",
    "ID",
  ],
  ...[
    "FIELDS",
    "STORE",
    "BY",
    "ALPHA",
    "DESC",
    "IDX",
    "LEN",
    "u8",
    "i64",
    "LEFT",
    "RIGHT",
    "BEFORE",
  ],
  ...["FROMMEMBER", "BYRADIUS", "km", "CREATE", "MKSTREAM", "on", "off", "return 1", "\r\n", "{a}"],
];
/** Beginnings of requests that promise too much, or nothing. */
const HEADERS = [
  ...["*1000000\r\n", "*-1\r\n", "*0\r\n", "*999999999999\r\n", "*2\r\n$-5\r\n", "$5\r\nhello\r\n"],
  ...[
    "*1\r\n*1\r\n",
    "*1\r\n$65537\r\n",
    "*1\r\n$4\r\nPI",
    "+OK\r\n",
    "-ERR\r\n",
    ":1\r\n",
    "%1\r\n",
  ],
  ...[
    "*\r\n",
    "*1\n",
    "\r\n\r\n",
    "\0\0\0\0",
    "GET / HTTP/1.1\r\n",
    '"',
    "'\r\n",
    "*3\r\n$3\r\nSET\r\n",
  ],
];
/** Commands that change what the test itself needs. */
const SPARED = new Set(["quit", "reset", "debug", "monitor", "config"]);
const NAMES = COMMANDS.flatMap((each) => [each, ...each.subcommands ?? []])
  .map(({ name }) => name.split("|")).filter(([name]) => !SPARED.has(name));

v8.setFlagsFromString("--expose-gc");
const collectGarbage: () => void = vm.runInNewContext("gc");

/** Bytes of the heap without keys. */
function emptyHeap({ store }: Service): number {
  store.databases.clear();
  collectGarbage();
  return Deno.memoryUsage().heapUsed;
}

/** A client without a connection. */
class BareSession {
  readonly buffer = new WriteBuffer();
  readonly client: Client;
  readonly #parser: RequestParser;
  readonly #dispatcher: Dispatcher;
  faults = 0;

  constructor(service: Service, dispatcher: Dispatcher) {
    this.#dispatcher = dispatcher;
    this.#parser = new RequestParser(limitsFor(LIMITS, true), service.store.transit);
    const ignore = () => {};
    const output: ClientOutput = {
      address: "bare",
      localAddress: "bare",
      pendingBytes: 0,
      unreadBytes: 0,
      send: (reply, version) => this.#send(reply, version),
      sendHalf: ignore,
      allowLongRequests: ignore,
      resume: ignore,
      push: ignore,
      end: ignore,
      close: ignore,
    };
    this.client = new Client(service, output, service.store.keys, dispatcher.execute);
    service.clients.set(this.client.id, this.client);
  }

  #send(reply: Reply, version: 2 | 3): void {
    if (reply instanceof ErrorReply && /the server failed/.test(reply.text)) this.faults++;
    writeReply(this.buffer, reply, version);
  }

  /** Executes what the bytes have; false if they are no request. */
  feed(bytes: Uint8Array): boolean {
    try {
      this.#parser.append(bytes);
      for (let words = this.#parser.next(); words !== undefined; words = this.#parser.next()) {
        if (this.client.blocked !== undefined) {
          this.client.service.blocked.remove(this.client.blocked);
        }
        this.client.blocked = undefined;
        this.#dispatcher.dispatch(this.client, words);
      }
      this.#parser.release();
      return true;
    } catch (error) {
      if (error instanceof ErrorReply) return false;
      throw error;
    } finally {
      this.buffer.release(this.buffer.take());
    }
  }

  [Symbol.dispose](): void {
    this.client.service.forget(this.client);
    this.#parser.close();
  }
}

function hostileCommand(random: Random): Uint8Array {
  const name = NAMES[random.below(NAMES.length)];
  const words = Array.from({ length: random.below(7) }, () => WORDS[random.below(WORDS.length)]);
  return requestBytes([...name, ...words]);
}

/** Bytes that may be no request, or only a part of one. */
function brokenBytes(random: Random): Uint8Array {
  const kind = random.below(4);
  if (kind === 0) return latin1Bytes(HEADERS[random.below(HEADERS.length)]);
  if (kind === 1) return Uint8Array.from({ length: random.below(100) }, () => random.below(256));
  const bytes = hostileCommand(random);
  for (let i = random.below(4); i >= 0; i--) bytes[random.below(bytes.length)] = random.below(256);
  return kind === 2 ? bytes : bytes.subarray(0, random.below(bytes.length));
}

Deno.test("resp: hostile input leaves the server up, others in peace, and no memory behind", () =>
  withSeed(async (seed) => {
    const random = new Random(seed);
    const store = new Store({ maxBytes: 4 * MIB });
    const table = new CommandTable(COMMANDS, VERSION);
    const service = new Service({
      store,
      isPassword: undefined,
      version: VERSION,
      commands: table.commands,
    });
    const dispatcher = new Dispatcher(service, table);
    service.start();
    using bystander = new BareSession(service, dispatcher);
    let session = new BareSession(service, dispatcher);
    let firstHeap = 0;
    for (let i = 0; i < INPUTS; i++) {
      if (i === FIRST_INPUTS) firstHeap = emptyHeap(service);
      if (i % 100 === 0) {
        // What waits for a promise is done between two tasks, as on a connection.
        await takeTurn();
        // An input may be CLIENT PAUSE, after which all others would wait.
        service.pause.end();
      }
      const isWhole = random.below(10) < 7;
      const bytes = isWhole ? hostileCommand(random) : brokenBytes(random);
      const cut = random.below(bytes.length + 1);
      const isAlive = session.feed(bytes.subarray(0, cut)) && session.feed(bytes.subarray(cut));
      assert.equal(session.faults, 0, `input ${i}: ${JSON.stringify(readLatin1(bytes))}`);
      if (isAlive && isWhole && random.below(20) > 0) continue;
      session[Symbol.dispose]();
      session = new BareSession(service, dispatcher);
    }
    session[Symbol.dispose]();
    // Most of it is executed, with all commands among it.
    assert.ok(service.stats.processed > INPUTS / 10, `${service.stats.processed} commands`);
    assert.ok(service.stats.byName.size > NAMES.length * 0.9, `${service.stats.byName.size} names`);
    assert.ok(store.usedBytes <= store.maxBytes * 1.5, `${store.usedBytes} bytes are stored`);
    service.pause.end();
    assert.ok(bystander.feed(requestBytes(["PING"])));
    assert.equal(store.transit.used, 0);
    const growth = emptyHeap(service) - firstHeap;
    assert.ok(growth < MAX_GROWTH, `the heap has grown by ${growth} bytes`);
    assert.equal(service.blocked.size, 0);
    service.stop();
  }));

Deno.test("resp: hostile bytes over sockets close at most their own connection", () =>
  withSeed((seed) =>
    withResp({ maxBytes: 4 * MIB }, async ({ server, client }) => {
      const random = new Random(seed);
      for (let i = 0; i < 300; i++) {
        const other = await RespClient.open(server.port);
        await other.send("*1\r\n$4\r\nPING\r\n");
        await other.send(brokenBytes(random)).catch(() => {});
        other.close();
        assert.deepEqual(await client.call("PING"), { status: "PONG" });
      }
    })
  ));

Deno.test("resp: a value that is larger than there is room for is refused before it is made", () =>
  withResp({ maxBytes: MIB }, async ({ client }) => {
    assert.deepEqual(await client.call("SETRANGE", "k", 500_000_000, "x"), FULL);
    assert.deepEqual(await client.call("SETBIT", "k", 4_000_000_000, 1), FULL);
    assert.deepEqual(await client.call("BITFIELD", "k", "SET", "u8", 4_000_000_000, 1), FULL);
    await client.call("SET", "k", "x".repeat(900_000));
    assert.deepEqual(await client.call("SET", "l", "x".repeat(900_000)), FULL);
    assert.equal(await client.call("STRLEN", "k"), 900_000);
    assert.equal(await client.call("DEL", "k"), 1);
    assert.deepEqual(await client.call("SET", "l", "x".repeat(900_000)), { status: "OK" });
  }));

Deno.test("resp: a reply that has one value many times is refused before it is made", async (t) => {
  const many = (word: string) => Array<string>(100).fill(word);
  const value = "x".repeat(MIB);
  const limits = [
    [{ maxReplyBytes: 64 * MIB }, /maxReplyBytes is 67108864: ask for less at once/],
    [{ maxBytes: 64 * MIB }, /no room for a reply of \d+ bytes now/],
  ] as const;
  for (const [options, expected] of limits) {
    await t.step(Object.keys(options)[0], () =>
      withResp(options, async ({ client }) => {
        await client.call("SET", "k", value);
        await client.call("HSET", "h", "f", value);
        await client.call("RPUSH", "l", value);
        const commands = [
          ["MGET", ...many("k")],
          ["HMGET", "h", ...many("f")],
          ["SORT", "l", "BY", "no*", ...many("GET #").flatMap((words) => words.split(" "))],
        ];
        for (const words of commands) {
          const reply = await client.call(...words) as { error: string };
          assert.match(reply.error, expected, words[0]);
        }
        await client.call("MULTI");
        for (let i = 0; i < 100; i++) await client.call("GET", "k");
        await client.call("INCR", "n");
        const replies = await client.call("EXEC") as { error: string }[];
        assert.match(replies[99].error, expected);
        assert.equal(replies.length, 101);
        assert.equal(await client.call("GET", "n"), "1");
        assert.equal(await client.call("GET", "k"), value);
      }));
  }
});

const NAMES_OF_KEYS = Array.from({ length: 2400 }, (_, i) => `key${i}`);
/** What a client begins with, and what it repeats until it is refused. */
const KEPT: Record<string, { first: string[]; words: string[]; last: string[] }> = {
  "commands in a transaction": {
    first: ["MULTI"],
    words: ["SET", "k", "x".repeat(MIB)],
    last: ["DISCARD"],
  },
  "short commands in a transaction": {
    first: ["MULTI"],
    words: ["MGET", ...NAMES_OF_KEYS],
    last: ["DISCARD"],
  },
  "watched keys": { first: ["PING"], words: ["WATCH", ...NAMES_OF_KEYS], last: ["UNWATCH"] },
};
const FULL = { error: "OOM command not allowed when used memory > 'maxmemory'." };

Deno.test("resp: what clients keep in the server counts, and is released", async (t) => {
  for (const [what, { first, words, last }] of Object.entries(KEPT)) {
    await t.step(what, () =>
      withResp({ maxBytes: 8 * MIB }, async ({ server, client }) => {
        await client.call(...first);
        const replies = new Set<string>();
        for (let i = 0; i < 100; i++) replies.add(JSON.stringify(await client.call(...words)));
        assert.ok(replies.has(JSON.stringify(FULL)), [...replies].join());
        assert.deepEqual(await client.call(...last), { status: "OK" });
        // The buffer of the connection stays.
        assert.ok(server.store.transit.used <= MIB / 16, `${server.store.transit.used}`);
      }));
  }
});

Deno.test("resp: the keys that clients wait for count, until their connections end", () =>
  withResp({ maxBytes: 8 * MIB }, async ({ server, connect }) => {
    const { transit } = server.store;
    const waiting: RespClient[] = [];
    for (let i = 0; i < 5; i++) {
      const client = await connect();
      waiting.push(client);
      await client.send(requestBytes(["BLPOP", ...NAMES_OF_KEYS, "0"]));
      await until(() => server.resp.service.stats.of("blpop").calls > i, "a call");
    }
    assert.ok(transit.used > 3 * MIB && transit.used <= transit.maxBytes, `${transit.used}`);
    assert.deepEqual(await waiting[4].reply(), FULL);
    for (const client of waiting) client.close();
    await until(() => transit.used === 0, "the release of the memory");
  }));

Deno.test("resp: long numbers and texts take linear time", () =>
  withResp({}, async ({ client }) => {
    const digits = "9".repeat(1_000_000);
    const text = `${"\n".repeat(300_000)}x`;
    assert.equal(await client.call("EVAL", "cjson.decode(ARGV[1]) return 1", 0, digits), 1);
    assert.equal(
      await client.call("EVAL", "return #redis.error_reply(ARGV[1]).err", 0, text),
      300_005,
    );
    await client.call("SET", "n", digits);
    for (const words of [["INCRBYFLOAT", "n", "1"], ["INCRBYFLOAT", "m", digits]]) {
      assert.deepEqual(await client.call(...words), { error: "ERR value is not a valid float" });
    }
    await client.call("HSET", "h", "f", digits);
    assert.deepEqual(await client.call("HINCRBYFLOAT", "h", "f", "1"), {
      error: "ERR hash value is not a float",
    });
  }));

Deno.test("resp: scripts are kept only as far as there is room", () =>
  withResp({ maxBytes: 16 * MIB }, async ({ client }) => {
    const script = (i: number) => `return ${i} -- ${"x".repeat(MIB / 4)}`;
    const replies = [];
    for (let i = 0; i < 8; i++) replies.push(await client.call("SCRIPT", "LOAD", script(i)));
    assert.deepEqual(replies.at(-1), FULL);
    assert.equal(await client.call("EVALSHA", replies[0] as string, 0), 0);
    await client.call("SCRIPT", "FLUSH");
    for (let i = 0; i < 8; i++) assert.equal(await client.call("EVAL", script(i), 0), i);
    assert.deepEqual(await client.call("SCRIPT", "EXISTS", replies[0] as string, sha1(script(7))), [
      0,
      1,
    ]);
  }));

Deno.test("resp: a client that does not read its replies is disconnected, and others are served", () =>
  withResp({ maxReplyBytes: MIB }, async ({ server, client, connect }) => {
    await client.call("SET", "k", "x".repeat(100_000));
    const slow = await connect();
    const requests = readLatin1(requestBytes(["GET", "k"])).repeat(1000);
    await slow.send(requests).catch(() => {});
    while (server.resp.service.stats.droppedClients === 0) await client.call("PING");
    assert.equal(server.resp.service.stats.droppedClients, 1);
    assert.match(String(await client.call("INFO", "stats")), /buffer_limit_disconnections:1/);
  }));

Deno.test("resp: a monitor that does not read is disconnected, or gets what there is room for", async (t) => {
  const text = "x".repeat(100_000);
  await t.step(
    "maxReplyBytes",
    () =>
      withResp({ maxReplyBytes: MIB }, async ({ server, client, connect }) => {
        const monitor = await connect();
        await monitor.call("MONITOR");
        const { stats } = server.resp.service;
        for (let i = 0; i < 1000 && stats.droppedClients === 0; i++) {
          await client.call("ECHO", text);
        }
        assert.equal(stats.droppedClients, 1);
        assert.deepEqual(await client.call("PING"), { status: "PONG" });
      }),
  );
  await t.step(
    "maxBytes",
    () =>
      withResp({ maxBytes: MIB }, async ({ server, client, connect }) => {
        const monitor = await connect();
        await monitor.call("MONITOR");
        const { service } = server.resp;
        const monitors = [...service.clients.values()].filter(({ isMonitor }) => isMonitor);
        const { transit } = server.store;
        let mostPending = 0;
        for (let i = 0; i < 600; i++) {
          await client.call("ECHO", "x".repeat(50_000));
          mostPending = Math.max(mostPending, monitors[0].output.pendingBytes);
        }
        const most = transit.maxBytes + text.length;
        assert.ok(mostPending <= most, `${mostPending} bytes are pending`);
        assert.ok(mostPending > most / 2, "the monitor has read what it was sent");
        assert.ok(transit.used <= most, `${transit.used} bytes are counted`);
      }),
  );
});

Deno.test("resp: names of clients are bounded", () =>
  withResp({}, async ({ client }) => {
    const [name, tooLong] = ["x".repeat(1024), "x".repeat(1025)];
    const attributes = [["SETNAME"], ["SETINFO", "lib-name"], ["SETINFO", "lib-ver"]];
    for (const words of attributes) {
      assert.deepEqual(await client.call("CLIENT", ...words, name), { status: "OK" });
      const reply = await client.call("CLIENT", ...words, tooLong) as { error: string };
      assert.match(reply.error, /a name of a client has at most 1024 characters/);
    }
  }));
