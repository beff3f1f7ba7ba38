// The HTTP server as its clients see it: every call, its errors, and its limits.

import assert from "node:assert/strict";
import { LongPollSubscribers } from "../../../../backends/http/server/long_poll.ts";
import { ROUTES } from "../../../../backends/http/server/routes.ts";
import { SubscriberQuota } from "../../../../backends/http/server/subscriber_quota.ts";
import { routesTable } from "../../../../backends/http/server/openapi.ts";
import { SharedMemoryServer } from "../../../../backends/http/mod.ts";
import { InMemoryMessagingBackend, type Message, Store } from "../../../../mod.ts";
import { until, within } from "../../../support/deadline.ts";
import { JSON_TYPE, sendRaw, serveHttp } from "../../../support/http.ts";

const BIG = 9737962806006804483n;
/** An id of a millisecond after the epoch of ids. */
const idAt = (ms: number) => BigInt(ms) << 22n;
const EPOCH_MS = Date.UTC(2023, 0, 1);

Deno.test("http: a message is stored and returned unchanged, with its digits, order and spaces", async () => {
  await using scene = await serveHttp();
  const message = `{"z": 18446744073709551616,"id":${BIG} , "payload":{"b":1.0,"a":"\\u00fc"}}`;
  const stored = await scene.call(
    "/store_message",
    `{"namespace":"n","topic":"t","message":${message},"ttl":null}`,
  );
  assert.deepEqual([stored.status, stored.text], [200, '{"status":"success"}']);
  assert.equal((await scene.call("/messages/t")).text, `[${message}]`);
  const byId = await scene.call(`/messages_by_id/?namespace=n&ids=7&ids=${BIG}`);
  assert.equal(byId.text, `[${message}]`);
  assert.equal((await scene.call(`/messages_by_id?namespace=m&ids=${BIG}`)).text, "[]");
});

Deno.test("http: messages since a time, since an id, and at most so many", async () => {
  await using scene = await serveHttp();
  for (const ms of [3, 1, 2]) await scene.store("t", idAt(ms));
  await scene.store("t", idAt(2) + 1n);
  const ids = async (path: string) =>
    (await scene.call(path)).json.map(({ id }: { id: number }) => id / 2 ** 22);
  assert.deepEqual(await ids(`/messages_since/t/${EPOCH_MS + 1}`), [2, 2 + 2 ** -22, 3]);
  assert.deepEqual(await ids(`/messages_since/t/${EPOCH_MS + 1.5}`), [2, 2 + 2 ** -22, 3]);
  assert.deepEqual(await ids(`/messages_since/t/${EPOCH_MS + 2}`), [3]);
  assert.deepEqual(await ids(`/messages_since/t/0?since_id=${idAt(2)}`), [2 + 2 ** -22, 3]);
  assert.deepEqual(await ids(`/messages/t?since_id=${idAt(2)}&limit=1`), [2 + 2 ** -22]);
  assert.deepEqual(await ids("/messages/t?limit=2"), [1, 2]);
});

Deno.test("http: topics are listed, and topics, messages and keys deleted", async () => {
  await using scene = await serveHttp();
  await scene.store("a", 1n);
  await scene.store("a", 2n);
  await scene.store("b/c", 2n);
  await scene.call("/set", { key: "k", value: 1 });
  const remove = async (path: string) =>
    (await scene.call(path, undefined, { method: "DELETE" })).json.deleted;
  assert.deepEqual((await scene.call("/topics")).json, {
    topics: [{ topic: "a", messages: 2 }, { topic: "b/c", messages: 1 }],
  });
  assert.equal(await remove("/messages_by_id?namespace=n&ids=2&ids=9"), 1);
  assert.deepEqual((await scene.call("/topics")).json, { topics: [{ topic: "a", messages: 1 }] });
  assert.deepEqual([await remove("/messages/a"), await remove("/messages/a")], [1, 0]);
  assert.deepEqual([await remove("/keys/k"), await remove("/keys/k")], [1, 0]);
  assert.deepEqual((await scene.call("/get/k")).json, { value: null });
});

Deno.test("http: keys of any kind are listed, by a pattern and up to a number", async () => {
  await using scene = await serveHttp({ clock: () => 0 });
  assert.deepEqual((await scene.call("/list_keys")).json, { keys: [] });
  await scene.call("/set", { key: "a/1", value: "x", ex: 100 });
  await scene.call("/hset", { key: "a 2", field: "f", value: 1 });
  await scene.call("/sadd", { key: "b\u00e9", members: [1] });
  const [one, two, three] = [
    { key: "a/1", type: "string", ttl: 100 },
    { key: "a 2", type: "hash", ttl: -1 },
    { key: "b\u00e9", type: "set", ttl: -1 },
  ];
  const listed = async (query: string) => (await scene.call(`/list_keys${query}`)).json.keys;
  assert.deepEqual(await listed(""), [one, two, three]);
  assert.deepEqual(await listed("?pattern=a*"), [one, two]);
  assert.deepEqual(await listed("?pattern=*&limit=1"), [one]);
  assert.deepEqual(await listed("?pattern=b%C3%A9"), [three]);
  assert.equal((await scene.call("/list_keys?limit=-1")).status, 400);
});

Deno.test("http: names in paths may be encoded, or have bare slashes, or stand in the query", async () => {
  await using scene = await serveHttp();
  const topics = ["a/b", "a b", "100%", "ü/日本", "?#&=", "..", "."];
  for (const [i, topic] of topics.entries()) await scene.store(topic, BigInt(i));
  for (const [i, topic] of topics.entries()) {
    const path = `/messages?topic=${encodeURIComponent(topic)}`;
    assert.equal((await scene.call(path)).json[0].id, i, topic);
    if (/^\.+$/.test(topic)) continue;
    const encoded = `/messages/${encodeURIComponent(topic)}`;
    assert.equal((await scene.call(encoded)).json[0].id, i, topic);
  }
  assert.equal((await scene.call("/messages/a/b")).json.length, 1);
  assert.equal((await scene.call("/messages_since/a/b/0")).json.length, 1);
  for (const topic of ["%zz", "%ff", "100%"]) {
    await scene.store(topic, 99n);
    assert.equal((await scene.call(`/messages/${topic}`)).json.at(-1).id, 99, topic);
  }
});

Deno.test("http: values of any kind, strings with expiry, hashes and sets", async () => {
  let nowMs = 0;
  await using scene = await serveHttp({ clock: () => nowMs });
  const values = ["text", "", null, 1.5, true, [1, "x"], { a: { b: null } }];
  for (const value of values) {
    assert.deepEqual((await scene.call("/set", { key: "k", value })).json, { status: "OK" });
    assert.deepEqual((await scene.call("/get/k")).json, { value });
    assert.deepEqual((await scene.call("/hset", { key: "h", field: "f", value })).json, {
      status: "OK",
    });
    assert.deepEqual((await scene.call("/hget/h/f")).json, { value });
  }
  await scene.call("/set", `{"key":"k","value":[${BIG}],"ex":2}`);
  assert.equal((await scene.call("/get/k")).text, `{"value":[${BIG}]}`);
  nowMs = 2001;
  assert.deepEqual((await scene.call("/get/k")).json, { value: null });
  assert.deepEqual((await scene.call("/sadd", { key: "s", members: ["a", "b", "a"] })).json, {
    added: 2,
  });
  assert.deepEqual((await scene.call("/sadd", { key: "s", members: "b" })).json, { added: 0 });
  assert.deepEqual((await scene.call("/sadd", { key: "s", members: { c: 1 } })).json, { added: 1 });
  assert.deepEqual((await scene.call("/smembers/s")).json, { members: ["a", "b", { c: 1 }] });
  assert.deepEqual((await scene.call("/smembers/none")).json, { members: [] });
  assert.equal((await scene.call("/get/s")).status, 409);
  assert.deepEqual((await scene.call("/srem", { key: "s", members: ["a", "x", { c: 1 }] })).json, {
    removed: 2,
  });
  assert.deepEqual((await scene.call("/hgetall/h")).json, { fields: { f: { a: { b: null } } } });
  assert.deepEqual((await scene.call("/ttl/h")).json, { ttl: -1 });
  assert.deepEqual((await scene.call("/ttl/none")).json, { ttl: -2 });
  assert.deepEqual((await scene.call("/expire", { key: "h", ttl: 5 })).json, { expiring: 1 });
  assert.deepEqual((await scene.call("/ttl/h")).json, { ttl: 5 });
  nowMs += 5000;
  assert.deepEqual((await scene.call("/hgetall/h")).json, { fields: {} });
  assert.deepEqual((await scene.call("/expire", { key: "h", ttl: 5 })).json, { expiring: 0 });
});

Deno.test("http: a poll waits for the first entry, and takes what there is", async () => {
  await using scene = await serveHttp();
  const subscriber_id = "s";
  assert.deepEqual((await scene.call("/subscribe", { topic: "t", subscriber_id })).json, {
    status: "subscribed",
  });
  assert.deepEqual((await scene.call("/psubscribe", { pattern: "x.*", subscriber_id })).json, {
    status: "psubscribed",
  });
  const poll = scene.call("/poll?subscriber_id=s&timeout=30");
  await waitingPolls(scene.url, 1);
  assert.deepEqual((await scene.call("/publish", { channel: "x.y", message: "hi" })).json, {
    subscribers: 1,
  });
  const [published] = (await poll).json.messages;
  const { timestamp } = published.data;
  assert.ok(Math.abs(timestamp - Date.now() / 1000) < 60);
  assert.deepEqual(published, {
    type: "pmessage",
    pattern: "x.*",
    channel: "x.y",
    data: { channel: "x.y", data: "hi", timestamp },
  });
  await scene.store("t", 1n);
  await scene.store("x.z", 2n);
  const data = (id: number) => ({ id, payload: {} });
  assert.deepEqual((await scene.call("/poll?subscriber_id=s")).json, {
    messages: [
      { type: "message", topic: "t", data: data(1) },
      { type: "pmessage", pattern: "x.*", topic: "x.z", data: data(2) },
    ],
  });
  await scene.call("/unsubscribe", { topic: "t", subscriber_id });
  const last = { pattern: "x.*", subscriber_id };
  assert.deepEqual((await scene.call("/punsubscribe", last)).json, { status: "punsubscribed" });
  assert.deepEqual((await scene.call("/poll?subscriber_id=s")).json, {
    messages: [],
    known: false,
  });
});

Deno.test("http: a poll ends empty at its time, for one without subscriptions, and for a later poll", async () => {
  await using scene = await serveHttp();
  await scene.call("/subscribe", { topic: "t", subscriber_id: "s" });
  const empty = { messages: [] };
  assert.deepEqual((await scene.call("/poll?subscriber_id=s&timeout=0")).json, empty);
  assert.deepEqual((await scene.call("/poll?subscriber_id=s&timeout=0.01")).json, empty);
  const [first, second] = [1, 2].map(() => scene.call("/poll?subscriber_id=s&timeout=30"));
  await Promise.race([first, second]);
  await scene.store("t", 1n);
  const counts = (await Promise.all([first, second])).map(({ json }) => json.messages.length);
  assert.deepEqual(counts.toSorted(), [0, 1]);
  const third = scene.call("/poll?subscriber_id=s&timeout=30");
  await waitingPolls(scene.url, 1);
  await scene.call("/unsubscribe", { topic: "t", subscriber_id: "s" });
  assert.deepEqual((await third).json, empty);
});

Deno.test("http: a poll takes at most 100 entries", async () => {
  await using scene = await serveHttp();
  await scene.call("/subscribe", { topic: "t", subscriber_id: "s" });
  for (let i = 0; i < 130; i++) scene.server.store.subscriptions.publish("t", String(i));
  const take = async () => (await scene.call("/poll?subscriber_id=s")).json.messages;
  const taken = [await take(), await take()];
  assert.deepEqual(taken.map(({ length }) => length), [100, 30]);
  assert.deepEqual(
    taken.flat().map(({ data }) => data.data),
    Array.from({ length: 130 }, (_, i) => String(i)),
  );
});

Deno.test("http: a client that goes while its poll waits loses nothing", async () => {
  await using scene = await serveHttp();
  await scene.call("/subscribe", { topic: "t", subscriber_id: "s" });
  {
    using connection = await Deno.connect({ port: scene.port });
    const request = "GET /poll?subscriber_id=s&timeout=300 HTTP/1.1\r\nhost: localhost\r\n\r\n";
    await connection.write(new TextEncoder().encode(request));
    await waitingPolls(scene.url, 1);
  }
  await waitingPolls(scene.url, 0);
  await scene.store("t", 1n);
  assert.equal((await scene.call("/poll?subscriber_id=s")).json.messages.length, 1);
});

Deno.test("http: a full queue loses its oldest entries, and the next poll says how many", async () => {
  await using scene = await serveHttp({ maxQueueLength: 2 });
  await scene.call("/subscribe", { topic: "t", subscriber_id: "s" });
  for (const message of ["a", "b", "c", "d", "e"]) {
    await scene.call("/publish", { channel: "t", message });
  }
  const { messages, dropped } = (await scene.call("/poll?subscriber_id=s")).json;
  assert.deepEqual(messages.map(({ data }: { data: { data: unknown } }) => data.data), ["d", "e"]);
  assert.equal(dropped, 3);
  assert.equal((await scene.call("/stats")).json.dropped, 3);
});

Deno.test("http: with overflow disconnect, a subscriber that is too slow is removed", async () => {
  await using scene = await serveHttp({ maxQueueLength: 1, overflow: "disconnect" });
  await scene.call("/subscribe", { topic: "t", subscriber_id: "s" });
  await using stream = await openEvents(`${scene.url}/events?topic=t`);
  await stream.prints(": listening");
  for (let i = 0; i < 100; i++) scene.server.store.subscriptions.publish("t", "x");
  await stream.ended();
  assert.deepEqual((await scene.call("/poll?subscriber_id=s")).json.messages, []);
  assert.equal((await scene.call("/poll?subscriber_id=s")).json.known, false);
  assert.equal((await scene.call("/stats")).json.subscriptions, 0);
});

Deno.test("http: subscribers that no longer poll are removed, and others are not", () => {
  const store = new Store();
  const places = new SubscriberQuota(10);
  const subscribers = new LongPollSubscribers(store, {
    queue: {},
    idleSeconds: 300,
    quota: places,
  });
  for (const id of ["gone", "there"]) subscribers.subscribe(id, "t");
  subscribers.poll("there", 100, Promise.resolve());
  subscribers.sweep(performance.now() + 299_000);
  assert.equal(store.stats().subscriptions, 2);
  subscribers.sweep(performance.now() + 301_000);
  assert.equal(store.stats().subscriptions, 1);
  assert.equal(subscribers.delete("gone"), false);
  subscribers.clear();
  assert.deepEqual([store.stats().subscriptions, places.used], [0, 0]);
});

Deno.test("http: a running server looks for subscribers that poll no more", async () => {
  await using scene = await serveHttp({ subscriberIdleSeconds: 0.05 });
  await scene.call("/subscribe", { topic: "t", subscriber_id: "s" });
  await until(() => scene.server.store.stats().subscriptions === 0, "forgetting");
});

Deno.test("http: there are at most so many subscribers, streams of events included", async () => {
  await using scene = await serveHttp({ maxSubscribers: 2 });
  const subscribe = (subscriber_id: string) =>
    scene.call("/subscribe", { topic: "t", subscriber_id });
  assert.equal((await subscribe("a")).status, 200);
  {
    await using stream = await openEvents(`${scene.url}/events?topic=t`);
    await stream.prints(": listening");
    assert.equal((await subscribe("b")).status, 429);
    assert.equal((await subscribe("a")).status, 200);
    assert.equal((await scene.call("/events?topic=t")).status, 429);
  }
  await until(async () => (await subscribe("b")).status === 200, "the place of the stream");
  await scene.call("/subscribers/a", undefined, { method: "DELETE" });
  assert.equal((await subscribe("c")).status, 200);
});

Deno.test("http: a subscriber that is idle for too long leaves its place to another at once", async () => {
  // There is no server here whose timer would remove the subscriber.
  const limits = { queue: {}, idleSeconds: 0.01, quota: new SubscriberQuota(1) };
  const subscribers = new LongPollSubscribers(new Store(), limits);
  subscribers.subscribe("a", "t");
  await until(() => {
    try {
      subscribers.subscribe("b", "t");
      return true;
    } catch {
      return false;
    }
  }, "the place of an idle subscriber");
  assert.equal(limits.quota.used, 1);
  assert.equal(subscribers.delete("a"), false);
});

Deno.test("http: a rejected subscription leaves no subscriber behind", async () => {
  await using scene = await serveHttp({ maxSubscribers: 1 });
  for (const topic of ["\x7f", "a\nb", "x".repeat(2000)]) {
    assert.equal((await scene.call("/subscribe", { topic, subscriber_id: "s" })).status, 400);
    const path = `/events?topic=ok&topic=${encodeURIComponent(topic)}`;
    assert.equal((await scene.call(path)).status, 400);
  }
  assert.equal((await scene.call("/subscribe", { topic: "t", subscriber_id: "" })).status, 400);
  assert.equal((await scene.call("/subscribe", { topic: "t", subscriber_id: "s" })).status, 200);
  assert.equal((await scene.call("/stats")).json.subscriptions, 1);
});

/** Waits until so many polls wait at the server. */
async function waitingPolls(url: string, count: number): Promise<void> {
  await until(async () => {
    const stats = await (await fetch(`${url}/stats`)).json();
    return stats.waiting_polls === count;
  }, `${count} waiting polls`);
}

/** An event stream that is read as it arrives. */
async function openEvents(url: string, headers: HeadersInit = {}) {
  const response = await fetch(url, { headers });
  assert.equal(response.headers.get("content-type"), "text/event-stream");
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  const more = async () => {
    const { value, done } = await within(reader.read(), `more after ${JSON.stringify(text)}`);
    text += value ?? "";
    return !done;
  };
  return {
    async prints(expected: string): Promise<string> {
      while (!text.includes(expected)) assert.ok(await more(), `it ended with ${text}`);
      return text;
    },
    async ended(): Promise<void> {
      while (await more());
    },
    [Symbol.asyncDispose]: () => reader.cancel(),
  };
}

Deno.test("http: events push the messages of topics and patterns", async () => {
  await using scene = await serveHttp();
  await using stream = await openEvents(`${scene.url}/events?topic=t&topic=t&pattern=x*`);
  await stream.prints(": listening\n\n");
  await scene.call(
    "/store_message",
    '{"namespace":"n","topic":"t","message":{"id":7,\r\n "payload":\n{}}}',
  );
  await scene.call("/publish", { channel: "xy", message: "hi\nho" });
  const text = await stream.prints("hi");
  const [, stored, published] = text.split("\n\n");
  assert.equal(
    stored,
    'id: 7\ndata: {"type":"message","topic":"t","data":{"id":7,\ndata:  "payload":\ndata: {}}}',
  );
  assert.match(published, /^data: {"type":"pmessage","pattern":"x\*","channel":"xy",.*"hi\\nho"/);
  await scene.server.stop();
  await stream.ended();
});

Deno.test("http: events begin after an id in the order of time, and go on in the order of storing", async () => {
  await using scene = await serveHttp();
  for (const ms of [1, 3, 2]) await scene.store("t", idAt(ms) | 4n << 61n);
  await scene.store("u", idAt(4));
  const from = idAt(1) | 4n << 61n;
  const headers = { "last-event-id": String(from) };
  const late = [idAt(2), idAt(3)].map((id) => id | 4n << 61n);
  const cases = [["", headers, late.toReversed()], [`&since_id=${from}`, {}, late]] as const;
  for (const [query, init, expected] of cases) {
    await using stream = await openEvents(`${scene.url}/events?topic=t&topic=u${query}`, init);
    const text = await stream.prints(`id: ${idAt(4)}\n`);
    const ids = [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => BigInt(id));
    assert.deepEqual(ids, [...expected, idAt(4)]);
  }
  assert.equal((await scene.call("/events")).status, 400);
  const wrong = { headers: { "last-event-id": "x" } };
  assert.equal((await scene.call("/events?topic=t", undefined, wrong)).status, 400);
});

Deno.test("http: an event client that does not read receives the number of lost messages", async () => {
  await using scene = await serveHttp({ maxQueueLength: 10 });
  await using stream = await openEvents(`${scene.url}/events?topic=t`);
  await stream.prints(": listening");
  for (let i = 0; i < 50; i++) scene.server.store.subscriptions.publish("t", `<${i}>`);
  const text = await stream.prints("<49>");
  assert.match(text, /event: dropped\ndata: 40\n\n/);
  assert.equal(text.includes("<39>"), false);
});

Deno.test("http: health and stats have the documented fields", async () => {
  await using scene = await serveHttp();
  assert.deepEqual((await scene.call("/health")).json, { status: "healthy" });
  await scene.store("t", 1n);
  await scene.store("u", 1n);
  await scene.call("/subscribe", { topic: "t", subscriber_id: "s" });
  await scene.call("/psubscribe", { pattern: "*", subscriber_id: "s" });
  const { status, uptime, ...numbers } = (await scene.call("/stats")).json;
  assert.equal(status, "healthy");
  assert.ok(uptime > 0);
  assert.deepEqual(
    [numbers.topics, numbers.total_messages, numbers.subscriptions, numbers.pattern_subscriptions],
    [2, 2, 1, 1],
  );
});

Deno.test("http: an invalid call is rejected, with the reason as JSON", async () => {
  await using scene = await serveHttp({ maxBodyBytes: 1000 });
  const rejected = async (status: number, path: string, body?: unknown, init?: RequestInit) => {
    const response = await scene.call(path, body, init);
    assert.equal(response.status, status, `${path} ${body}: ${response.text}`);
    assert.equal(typeof response.json.error, "string");
    return response;
  };
  await rejected(404, "/nothing");
  await rejected(404, "/health/x");
  await rejected(404, "/nothing/");
  assert.equal((await rejected(405, "/set")).headers.get("allow"), "POST");
  const { headers } = await rejected(405, "/messages/t", "", { method: "PUT" });
  assert.equal(headers.get("allow"), "GET, DELETE");
  await rejected(400, "/poll");
  await rejected(400, "/poll?subscriber_id=s&timeout=now");
  await rejected(400, "/poll?subscriber_id=s&timeout=");
  await rejected(400, "/poll?subscriber_id=s&timeout=1e999");
  await rejected(400, "/messages_since/t/soon");
  await rejected(400, "/messages_since/t");
  await rejected(400, "/messages_by_id?ids=1");
  await rejected(400, "/messages_by_id?namespace=n&ids=-1");
  await rejected(400, "/messages_by_id?namespace=n&ids=18446744073709551616");
  await rejected(400, "/messages/t?limit=0");
  await rejected(400, "/messages/t?limit=1.5");
  const bodies = ["", "{", "[]", "null", '"x"', "{}", '{"key":1,"value":1}', '{"key":"k"}'];
  for (const body of bodies) await rejected(400, "/set", body);
  await rejected(400, "/set", new Uint8Array([0x7b, 0xff, 0x7d]) as unknown as string, {
    method: "POST",
    body: new Uint8Array([0x7b, 0xff, 0x7d]),
  });
  await rejected(400, "/set", { key: "k", value: 1, ex: "1" });
  for (const message of ["1", "[]", "{}", '{"id":-1}', '{"id":1.5}', '{"id":1,"ttl":"0"}']) {
    await rejected(400, "/store_message", `{"namespace":"n","topic":"t","message":${message}}`);
  }
  await rejected(413, "/set", { key: "k", value: "x".repeat(1000) });
  const chunked = ReadableStream.from(Array(10).fill(new Uint8Array(200).fill(0x20)));
  await rejected(413, "/set", "", { method: "POST", body: chunked });
});

Deno.test("http: a body of an unknown length is taken, as long as it is not too large", async () => {
  await using scene = await serveHttp();
  const body = ReadableStream.from(['{"key":"k",', '"value":"ü"}']).pipeThrough(
    new TextEncoderStream(),
  );
  const response = await scene.call("/set", "", { method: "POST", body });
  assert.equal(response.status, 200, response.text);
  assert.deepEqual((await scene.call("/get/k")).json, { value: "ü" });
});

Deno.test("http: JSON nested too deep is rejected", async () => {
  await using scene = await serveHttp();
  const nested = (depth: number) => `{"key":"k","value":${"[".repeat(depth)}${"]".repeat(depth)}}`;
  assert.equal((await scene.call("/set", nested(500))).status, 200);
  assert.equal((await scene.call("/set", nested(513))).status, 400);
  assert.equal((await scene.call("/set", nested(1_000_000))).status, 400);
});

Deno.test("http: with a memory quota, data beyond it is rejected", async () => {
  await using scene = await serveHttp({ maxMessagesPerTopic: 2, maxBytes: 5000 });
  for (let id = 1n; id <= 5n; id++) await scene.store("t", id);
  const { total_messages, evicted } = (await scene.call("/stats")).json;
  assert.deepEqual([total_messages, evicted], [2, 3]);
  assert.equal((await scene.call("/set", { key: "k", value: "x".repeat(5000) })).status, 413);
});

Deno.test("http: a token is asked for, and its cookie serves browsers", async () => {
  await using scene = await serveHttp({ token: "s3cret" });
  const get = (headers: HeadersInit) => scene.call("/stats", undefined, { headers });
  assert.equal((await scene.call("/health")).status, 200);
  const rejected = await get({});
  assert.equal(rejected.status, 401);
  assert.equal(rejected.headers.get("www-authenticate"), "Bearer");
  for (const authorization of ["Bearer s3cre", "Bearer s3cret2", "Basic s3cret", "Bearer", ""]) {
    assert.equal((await get({ authorization })).status, 401, authorization);
  }
  assert.equal((await get({ authorization: "Bearer s3cret" })).status, 200);
  assert.equal((await get({ authorization: "bearer s3cret" })).status, 200);
  assert.equal((await scene.call("/?token=wrong")).status, 401);
  const authorized = await scene.call("/?token=s3cret", undefined, { redirect: "manual" });
  assert.deepEqual([authorized.status, authorized.headers.get("location")], [303, "/"]);
  const [cookie, ...attributes] = authorized.headers.get("set-cookie")!.split("; ");
  assert.deepEqual(attributes, ["HttpOnly", "SameSite=Strict", "Path=/"]);
  assert.equal(cookie.includes("s3cret"), false);
  assert.equal((await get({ cookie: `a=b; ${cookie}` })).status, 200);
  assert.equal((await get({ cookie: `${cookie}x` })).status, 401);
  await using other = await serveHttp({ token: "s3cret" });
  const foreign = cookie.replace(`${scene.port}`, `${other.port}`);
  for (const sent of [cookie, foreign]) {
    const response = await other.call("/stats", undefined, { headers: { cookie: sent } });
    assert.equal(response.status, 401);
  }
});

Deno.test("http: without a token it serves this machine alone", () => {
  for (const host of ["0.0.0.0", "::", "example.org", "192.168.0.1"]) {
    assert.throws(() => new SharedMemoryServer({ host }), {
      name: "TypeError",
      message: /without a token/,
    });
    new SharedMemoryServer({ host, token: "t" });
  }
  for (const host of ["localhost", "127.0.0.1", "127.1.2.3", "::1"]) {
    new SharedMemoryServer({ host });
  }
});

Deno.test("http: on loopback a foreign Host or Origin is rejected", async () => {
  await using scene = await serveHttp();
  const ask = async (...headers: string[]) => {
    const head = ["GET /health HTTP/1.1", ...headers, "connection: close"].join("\r\n");
    return Number((await sendRaw(scene.port, `${head}\r\n\r\n`)).slice(9, 12));
  };
  const own = `host: localhost:${scene.port}`;
  assert.equal(await ask(own), 200);
  assert.equal(await ask(`host: 127.0.0.1:${scene.port}`), 200);
  assert.equal(await ask("host: [::1]:80"), 200);
  for (const host of ["evil.com", "localhost.evil.com", "127.0.0.1.evil.com", "evil.com:80", ""]) {
    assert.equal(await ask(`host: ${host}`), 403, host);
  }
  assert.equal(await ask(own, `origin: http://localhost:${scene.port}`), 200);
  for (const origin of ["http://evil.com", "null", "http://localhost:1", "http://localhost"]) {
    assert.equal(await ask(own, `origin: ${origin}`), 403, origin);
  }
});

Deno.test("http: a server may be started again, and stop ends whatever clients do", async () => {
  const server = new SharedMemoryServer();
  await server.stop();
  const url = await server.start();
  assert.equal(await server.start(), url);
  await fetch(`${url}/subscribe`, {
    method: "POST",
    headers: JSON_TYPE,
    body: '{"topic":"t","subscriber_id":"s"}',
  }).then((response) => response.text());
  const poll = fetch(`${url}/poll?subscriber_id=s&timeout=300`).then((response) => response.json());
  using halfOpen = await Deno.connect({ port: Number(new URL(url).port) });
  await halfOpen.write(
    new TextEncoder().encode("POST /set HTTP/1.1\r\nhost: localhost\r\ncontent-l"),
  );
  await waitingPolls(url, 1);
  await within(server.stop(), "the end of a server", 10_000);
  assert.deepEqual(await poll, { messages: [] });
  const again = await server.start();
  assert.equal((await (await fetch(`${again}/stats`)).json()).subscriptions, 0);
  await server.stop();
  await server[Symbol.asyncDispose]();
});

Deno.test("http: cleanup deletes messages and keys, and leaves subscriptions", async () => {
  await using scene = await serveHttp();
  await scene.call("/subscribe", { topic: "t", subscriber_id: "s" });
  await scene.store("t", 1n);
  await scene.call("/set", { key: "k", value: 1 });
  scene.server.cleanup();
  const { total_messages, keys, subscriptions } = (await scene.call("/stats")).json;
  assert.deepEqual([total_messages, keys, subscriptions], [0, 0, 1]);
});

Deno.test("http: a store of one's own is served, and shared with a backend in memory", async () => {
  const store = new Store();
  await using scene = await serveHttp({ store });
  await using backend = new InMemoryMessagingBackend({ store });
  const received: Message[] = [];
  await backend.subscribe("t", (message) => void received.push(message));
  await scene.store("t", BIG);
  await until(() => received.length === 1, "the message");
  assert.equal(received[0].id, BIG);
  await backend.set("k", "v");
  assert.deepEqual((await scene.call("/get/k")).json, { value: "v" });
  assert.throws(() => new SharedMemoryServer({ store, maxBytes: 5 }), /maxBytes is an option of/);
});

Deno.test("http: invalid options are rejected at once", () => {
  const wrong: [object, RegExp][] = [
    [{ port: -1 }, /port must be .* not -1/],
    [{ port: 1.5 }, /port must be .* not 1.5/],
    [{ host: "" }, /host must be/],
    [{ token: "" }, /token must be/],
    [{ token: "a b" }, /token must be/],
    [{ maxBodyBytes: 0 }, /maxBodyBytes must be/],
    [{ maxSubscribers: 1.5 }, /maxSubscribers must be/],
    [{ maxQueueLength: -1 }, /maxQueueLength must be/],
    [{ maxQueueBytes: NaN }, /maxQueueBytes must be/],
    [{ overflow: "explode" }, /overflow must be/],
    [{ subscriberIdleSeconds: 0 }, /subscriberIdleSeconds must be/],
  ];
  for (const [options, message] of wrong) {
    assert.throws(() => new SharedMemoryServer(options), message);
  }
});

Deno.test("http: a large topic arrives whole, in chunks", async () => {
  await using scene = await serveHttp();
  const content = JSON.stringify({ text: "ü".repeat(10_000) });
  for (let id = 1n; id <= 200n; id++) await scene.store("t", id, content);
  const { json } = await scene.call("/messages/t");
  assert.equal(json.length, 200);
  assert.ok(json.every(({ id }: { id: number }, i: number) => id === i + 1));
});

Deno.test("http: the OpenAPI description and the table of the documentation have every call", async () => {
  await using scene = await serveHttp();
  const { openapi, paths, components } = (await scene.call("/openapi.json")).json;
  assert.equal(openapi, "3.1.0");
  for (const { method, path, parameters } of ROUTES) {
    const operation = paths[path][method.toLowerCase()];
    const described = method === "POST"
      ? Object.keys(operation.requestBody.content["application/json"].schema.properties)
      : operation.parameters.map(({ name }: { name: string }) => name);
    assert.deepEqual(described, Object.keys(parameters), path);
  }
  const references = JSON.stringify(paths).matchAll(/"#\/components\/schemas\/(\w+)"/g);
  for (const [, name] of references) assert.ok(name in components.schemas, name);
  const page = await Deno.readTextFile(new URL("../../../../docs/http-server.md", import.meta.url));
  const normal = (text: string) => text.replaceAll(/ +/g, " ").replaceAll(/-{3,}/g, "---");
  assert.ok(
    normal(page).includes(normal(routesTable(ROUTES))),
    `docs/http-server.md must have this table, which "deno fmt" aligns:\n${routesTable(ROUTES)}`,
  );
});
