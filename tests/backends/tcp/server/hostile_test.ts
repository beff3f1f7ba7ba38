// 100,000 random inputs: the server replies to every line, other clients are not affected, and memory use
// returns to normal.
//
// Every reply is checked.

import assert from "node:assert/strict";
import v8 from "node:v8";
import vm from "node:vm";
import { Store } from "../../../../mod.ts";
import { EmbeddedMessagingBackend, EmbeddedServer } from "../../../../backends/tcp/mod.ts";
import { MessageCollector, numbered, numbersOf } from "../../../conformance/messaging/transport.ts";
import { until } from "../../../support/deadline.ts";
import { hostileInput } from "../../../support/hostile_lines.ts";
import { LineClient } from "../../../support/line_client.ts";
import { BareSession, contextOf } from "../../../support/line_session.ts";
import { Random } from "../../../support/random.ts";
import { withSeed } from "../../../support/seed.ts";

const IN_PROCESS = 96_000;
const OVER_SOCKETS = 4_000;

v8.setFlagsFromString("--expose-gc");
const collectGarbage: () => void = vm.runInNewContext("gc");

const REPLY = new RegExp(
  "^(?:PONG|OK STORED|OK SET|OK AUTHENTICATED|OK TRACED|OK REPORTING|OK -?\\d+|NULL|VALUE .+|OK P?(?:UN)?SUBSCRIBED .+|" +
    '(?:MESSAGES|VALUES|FIELDS|TOPICS) JSON:[A-Za-z0-9+/]+=*|STATS JSON:[A-Za-z0-9+/]+=*|ERROR "[^"]+")$',
  "s",
);
const PUSH = /^(?:P?MESSAGE|DROPPED) /;

/** A hostile client ends its line, and asks for a sign of life. */
const END = new TextEncoder().encode("\r\nPING\r\n");
const LINE_FEED = 10;

function withEnd(input: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(input.length + END.length);
  bytes.set(input);
  bytes.set(END, input.length);
  return bytes;
}

/** Checks that each line got its reply, and that the last one belongs to PING. */
function checkReplies(lines: string[], sent: Uint8Array, about: string): void {
  const replies = lines.filter((line) => !PUSH.test(line));
  for (const reply of replies) assert.match(reply, REPLY, `${about}: ${reply}`);
  assert.equal(replies.length, sent.filter((byte) => byte === LINE_FEED).length, about);
  assert.equal(replies.at(-1), "PONG", about);
}

Deno.test("tcp: the verifier of random inputs detects missing, corrupt and reordered replies", () => {
  const sent = withEnd(new TextEncoder().encode("PING"));
  checkReplies(["PONG", "MESSAGE t x", "PONG"], sent, "");
  const wrong = [["PONG"], ["PONG", "PONG", "PONG"], ["PONG", 'ERROR "x"'], ["PON", "PONG"], []];
  for (const lines of wrong) {
    assert.throws(() => checkReplies(lines, sent, ""), assert.AssertionError);
  }
});

function heapBytes(): number {
  collectGarbage();
  return Deno.memoryUsage().heapUsed;
}

/** A session whose first line was a command: it goes on whatever comes after that. */
function greeted(context: ReturnType<typeof contextOf>): BareSession {
  const session = new BareSession(context);
  assert.deepEqual(session.feed(new TextEncoder().encode("PING\r\n")), ["PONG"]);
  return session;
}

/** Opens a connection whose first line is a command. */
async function connect(port: number): Promise<LineClient> {
  const client = await LineClient.open(port);
  assert.equal(await client.request("PING"), "PONG");
  return client;
}

/** Feeds random inputs to sessions that live for some inputs each, in random pieces. */
function attackSessions(
  context: ReturnType<typeof contextOf>,
  random: Random,
  count: number,
): void {
  let session = greeted(context);
  for (let i = 0; i < count; i++) {
    const bytes = withEnd(hostileInput(random));
    const cut = random.below(bytes.length);
    const lines = [...session.feed(bytes.subarray(0, cut)), ...session.feed(bytes.subarray(cut))];
    checkReplies(lines, bytes, `input ${i}`);
    if (random.below(100) > 0) continue;
    session[Symbol.dispose]();
    session = greeted(context);
  }
  session[Symbol.dispose]();
}

Deno.test("tcp: random inputs get a reply per line, and other clients are not affected", () =>
  withSeed((seed) => {
    const random = new Random(seed);
    const store = new Store({ maxBytes: 4 * 2 ** 20 });
    const context = contextOf(store);
    using bystander = new BareSession(context);
    const ask = (line: string) => bystander.feed(new TextEncoder().encode(`${line}\r\n`));
    attackSessions(context, random, 1000);
    store.clear();
    const before = heapBytes();
    assert.deepEqual(ask("SUBSCRIBE bystanders"), ["OK SUBSCRIBED bystanders"]);
    for (let round = 0; round < 10; round++) {
      attackSessions(context, random, IN_PROCESS / 10);
      assert.equal(ask(`PUBLISH bystanders ${round}`).at(-1), `MESSAGE bystanders ${round}`);
    }
    store.clear();
    const { bytes, messages, subscriptions, patternSubscriptions } = store.stats();
    assert.deepEqual([bytes, messages, subscriptions, patternSubscriptions], [0, 0, 1, 0]);
    assert.ok(context.connectionStats.errors > IN_PROCESS / 4, "few of the inputs were wrong");
    assert.ok(store.stats().stored > IN_PROCESS / 1000, "few of the inputs were right");
    const grown = heapBytes() - before;
    assert.ok(grown < 5e6, `${grown} bytes of memory were not released`);
  }));

/** Sends random inputs over a connection, and breaks it off now and then. */
async function attackServer(port: number, random: Random, count: number): Promise<void> {
  let client = await connect(port);
  for (let i = 0; i < count; i++) {
    const input = hostileInput(random);
    const bytes = withEnd(input);
    if (random.below(20) === 0) {
      await client.send(bytes.subarray(0, random.below(bytes.length)));
      client.close();
      client = await connect(port);
      continue;
    }
    await client.send(bytes);
    const lines: string[] = [];
    let missing = bytes.filter((byte) => byte === LINE_FEED).length;
    while (missing > 0) {
      const line = await client.line();
      assert.ok(line !== undefined, `closed at input ${i}`);
      lines.push(line);
      if (!PUSH.test(line)) missing--;
    }
    checkReplies(lines, bytes, `input ${i}`);
  }
  client.close();
}

Deno.test("tcp: random inputs over sockets leave the server up, and others in peace", () =>
  withSeed(async (seed) => {
    const store = new Store({ maxBytes: 4 * 2 ** 20 });
    await using server = new EmbeddedServer({ port: 0, store });
    const port = await server.start();
    await using backend = new EmbeddedMessagingBackend({ port, autoStartServer: false });
    const collector = new MessageCollector();
    await backend.subscribe("bystanders", collector.handler);
    let isOver = false;
    const attackers = [1, 2, 3, 4].map((attacker) =>
      attackServer(port, new Random(seed, attacker), OVER_SOCKETS / 4)
    );
    const attack = Promise.allSettled(attackers).then((results) => {
      isOver = true;
      return results;
    });
    let sent = 0;
    do {
      await backend.storeMessage("n", "bystanders", numbered(sent++));
      await collector.has(sent);
    } while (!isOver);
    for (const result of await attack) if (result.status === "rejected") throw result.reason;
    assert.deepEqual(numbersOf(collector.messages), Array.from({ length: sent }, (_, n) => n));
    await until(() => server.getStats().connections === 1, "the end of the attackers");
    assert.equal(store.stats().subscriptions, 1);
  }));
