// Calls that wait get what a real server gives them, in its order, whatever others do meanwhile.

import assert from "node:assert/strict";
import fc from "fast-check";
import { until } from "../../support/deadline.ts";
import { RespClient, type WireReply } from "../../support/resp_client.ts";
import { withResp } from "../../support/resp_server.ts";
import { assertProperty } from "../../support/property.ts";
import { withPorts } from "../../stress/redis/servers.ts";

const key = fc.constantFrom("a", "b", "c");
/** Calls that wait for several keys do not wait for this one, to which others move elements: it depends on the
 * version of Redis which of them are served first. */
const TARGET = "t";
/** A key that holds nothing but sorted sets: what replaces another kind ends no wait before version 7.2. */
const STORED = "z";
const keys = fc.oneof(
  { weight: 3, arbitrary: fc.uniqueArray(key, { minLength: 1, maxLength: 3 }) },
  { weight: 1, arbitrary: fc.constantFrom([TARGET], [STORED]) },
);
const end = fc.constantFrom("LEFT", "RIGHT");
const values = fc.array(fc.constantFrom("1", "2", "3"), { minLength: 1, maxLength: 4 });
const pairs = values.map((all) => all.flatMap((value, i) => [value, `m${i}`]));

const waiting: fc.Arbitrary<string[]> = fc.oneof(
  fc.tuple(fc.constantFrom("BLPOP", "BRPOP"), keys).map(([name, keys]) => [name, ...keys, "0"]),
  fc.tuple(key, end, end).map(([from, one, other]) => ["BLMOVE", from, TARGET, one, other, "0"]),
  fc.tuple(keys, end).map((
    [keys, end],
  ) => ["BLMPOP", "0", String(keys.length), ...keys, end, "COUNT", "2"]),
  fc.tuple(fc.constantFrom("BZPOPMIN", "BZPOPMAX"), keys).map((
    [name, keys],
  ) => [name, ...keys, "0"]),
  keys.map((keys) => ["BZMPOP", "0", String(keys.length), ...keys, "MIN", "COUNT", "2"]),
  fc.constantFrom("$", "0").map((id) => ["XREAD", "BLOCK", "0", "STREAMS", "s", id]),
  fc.constantFrom("one", "two").map((
    name,
  ) => ["XREADGROUP", "GROUP", "g", name, "COUNT", "1", "BLOCK", "0", "STREAMS", "s", ">"]),
);

const acting: fc.Arbitrary<string[]> = fc.oneof(
  fc.tuple(fc.constantFrom("LPUSH", "RPUSH"), key, values).map((
    [name, key, all],
  ) => [name, key, ...all]),
  fc.tuple(key, pairs).map(([key, pairs]) => ["ZADD", key, ...pairs]),
  values.map((all) => ["XADD", "s", "*", ...all, ...all]),
  key.map((key) => ["SET", key, "text"]),
  key.map((key) => ["DEL", key]),
  fc.tuple(key, key).map(([from, to]) => ["RENAME", from, to]),
  key.map((from) => ["LMOVE", from, TARGET, "LEFT", "RIGHT"]),
  key.map((key) => ["SORT", key, "ALPHA", "STORE", TARGET]),
  key.map((key) => ["ZUNIONSTORE", STORED, "1", key]),
);

const scene = fc.record({
  waiting: fc.array(waiting, { minLength: 1, maxLength: 5 }),
  acting: fc.array(acting, { minLength: 1, maxLength: 8 }),
});

/** Ids of entries that the clock has made. */
const CLOCK_ID = /"\d{13,}-\d+"/g;

/** What happens in a scene at one server. */
async function play(
  port: number,
  { waiting, acting }: { waiting: string[][]; acting: string[][] },
) {
  await using actor = await RespClient.open(port);
  await using clients = new AsyncDisposableStack();
  await actor.pipeline([["FLUSHALL"], ["XGROUP", "CREATE", "s", "g", "$", "MKSTREAM"]]);
  const blocked: { id: WireReply; reply: Promise<WireReply> }[] = [];
  for (const words of waiting) {
    const client = clients.use(await RespClient.open(port));
    const id = await client.call("CLIENT", "ID");
    blocked.push({ id, reply: client.call(...words) });
    await until(
      async () =>
        String(await actor.call("INFO", "clients")).includes(`blocked_clients:${blocked.length}\r`),
      "a call that waits",
    );
  }
  const replies = [...await actor.pipeline([...acting, ["EXEC"]])];
  for (const { id, reply } of blocked) {
    replies.push(await actor.call("CLIENT", "UNBLOCK", id as number), await reply);
  }
  for (const key of ["a", "b", "c", TARGET, STORED]) {
    replies.push(await actor.call("SORT", key, "BY", "nosort"), await actor.call("TYPE", key));
  }
  return JSON.stringify(replies).replace(CLOCK_ID, '"by the clock"');
}

Deno.test("resp: calls that wait are served as by redis-server", () =>
  withPorts(async ({ ours, theirs }) => {
    const property = fc.asyncProperty(scene, async (scene) => {
      const [one, other] = await Promise.all([play(ours, scene), play(theirs, scene)]);
      assert.deepEqual(JSON.parse(one), JSON.parse(other));
    });
    await assertProperty(property, { numRuns: 60 });
  }));

Deno.test("resp: what comes while a client waits is not lost when it goes on", () =>
  withResp({}, async ({ server, client, connect }) => {
    const other = await connect();
    const text = "x".repeat(5000);
    const replies = client.pipeline([["BLPOP", "q", "0"], ...Array(100).fill(["ECHO", text])]);
    const unread = () =>
      [...server.resp.service.clients.values()].map((each) => each.output.unreadBytes);
    await until(() => unread().some((bytes) => bytes > 100 * text.length), "all requests");
    await other.call("RPUSH", "q", "v");
    assert.deepEqual(await replies, [["q", "v"], ...Array(100).fill(text)]);
    // These bytes come into the space that was given while the client waited.
    for (let i = 0; i < 3; i++) assert.equal(await client.call("ECHO", `${i}`), `${i}`);
  }));
