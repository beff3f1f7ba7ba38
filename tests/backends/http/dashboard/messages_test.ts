// Messages of channels and topics for the dashboard, without a browser.

import assert from "node:assert/strict";
import { MAX_BATCH, MAX_TEXT } from "../../../../backends/http/metrics/message_feed.ts";
import { MAX_STREAMS } from "../../../../backends/http/dashboard/message_streams.ts";
import { valueText } from "../../../../backends/http/machine/value_text.ts";
import { bytesOfText, textOfBytes } from "../../../../backends/store/byte_string.ts";
import { Latest, listChannels, Publisher, Puller, Pusher, Store } from "../../../../mod.ts";
import { until } from "../../../support/deadline.ts";
import { serveHttp } from "../../../support/http.ts";
import { MessageEvents } from "../../../support/message_events.ts";
import { inScratch } from "../../../support/scratch.ts";

const TOKEN = { authorization: "Bearer s3cret" };
const HOSTILE = "</script><img src=x onerror=alert(1)>\u202e\u0000";

Deno.test("messages of a channel: those that are there and that come, and none is taken", () =>
  inScratch(async ({ path: dir }) => {
    await using scene = await serveHttp({ channels: { dir } });
    using pusher = new Pusher("jobs", { dir, codec: "msgpack", label: "planner" });
    pusher.send({ n: 1, name: HOSTILE });
    pusher.send([1n, new Uint8Array([1, 2, 255]), new Date(0)]);
    const [before] = listChannels({ dir });
    await using events = await MessageEvents.open(`${scene.url}/channel_messages?channel=jobs`);
    const { messages: [first, second], skipped } = await events.take(2);
    assert.equal(skipped, 0);
    assert.deepEqual(first, {
      atMs: null,
      topic: "",
      sender: `planner (${Deno.pid})`,
      number: "0:0",
      sizeBytes: first.sizeBytes,
      form: "value",
      text: `{"n": 1, "name": ${JSON.stringify(HOSTILE)}}`,
      problem: "",
    });
    assert.match(second.text, /^\[1n?, Uint8Array\(3\) 01 02 ff, Date 1970-01-01T00:00:00.000Z\]$/);
    pusher.send("later");
    const { messages: [third] } = await events.take(1);
    assert.equal(third.text, '"later"');
    assert.ok(third.atMs! > 0);
    const [after] = listChannels({ dir });
    assert.deepEqual(after.participants, before.participants);
    assert.equal(after.messages - before.messages, 1n);
    using puller = new Puller("jobs", { dir });
    assert.deepEqual(await puller.recv(), { n: 1, name: HOSTILE });
    await puller.recv();
    assert.equal(await puller.recv(), "later");
  }));

Deno.test("messages of a channel: topics, bytes that are a text or none, and what is too long", () =>
  inScratch(async ({ path: dir }) => {
    await using scene = await serveHttp({ channels: { dir } });
    using publisher = new Publisher("frames", { dir, codec: "raw", capacityBytes: 65_536 });
    const bytes = (text: string) => new TextEncoder().encode(text);
    publisher.send(bytes("grüß\nGott"), { topic: "a.text" });
    publisher.send(new Uint8Array([0, 255, 16]));
    publisher.send(new Uint8Array(200_000).fill(7));
    publisher.send(bytes("x".repeat(2 * MAX_TEXT)));
    await using events = await MessageEvents.open(`${scene.url}/channel_messages?channel=frames`);
    const { messages } = await events.take(4);
    assert.deepEqual(
      messages.map(({ topic, form, sizeBytes }) => [topic, form, sizeBytes]),
      [["a.text", "text", 11], ["", "hex", 3], ["", "hex", 200_000], ["", "text", 2 * MAX_TEXT]],
    );
    assert.deepEqual(messages.slice(0, 2).map(({ text }) => text), ["grüß\nGott", "00 ff 10"]);
    assert.match(messages[2].text, /^(?:07 ){256}…$/);
    assert.match(messages[2].problem, /^too long/);
    assert.equal(messages[3].text, `${"x".repeat(MAX_TEXT)}…`);
  }));

Deno.test("messages of a channel: of many at a time the newest are shown, and the others counted", () =>
  inScratch(async ({ path: dir }) => {
    await using scene = await serveHttp({ channels: { dir } });
    using publisher = new Publisher<number>("fast", { dir, codec: "json" });
    for (let n = 0; n < 10 * MAX_BATCH; n++) publisher.send(n);
    await using events = await MessageEvents.open(`${scene.url}/channel_messages?channel=fast`);
    const { messages, skipped } = await events.take(MAX_BATCH);
    assert.equal(messages.at(-1)!.text, String(10 * MAX_BATCH - 1));
    assert.equal(messages.length + skipped, 10 * MAX_BATCH);
    publisher.close();
    let batch;
    do batch = await events.next(); while (batch?.end === null);
    assert.equal(batch?.end, "deleted");
    assert.equal(await events.next(), undefined);
  }));

Deno.test("messages of a topic: the newest and those that come, and nobody subscribes", async () => {
  await using scene = await serveHttp();
  const { store } = scene.server;
  const add = (id: number, payload: unknown, topic = "t") =>
    store.storeMessage("n", topic, JSON.stringify({ id, sender: "planner", payload }));
  for (let id = 1; id <= MAX_BATCH + 5; id++) add(id, id);
  await using events = await MessageEvents.open(`${scene.url}/topic_messages?topic=t`);
  const { messages, skipped } = await events.take(MAX_BATCH);
  assert.equal(skipped, 5);
  assert.deepEqual([messages[0].number, messages[0].sender, messages[0].topic], [
    "6",
    "planner",
    "t",
  ]);
  add(900, "other", "u");
  add(100, "x".repeat(2 * MAX_TEXT));
  const { messages: [long] } = await events.take(1);
  assert.deepEqual([long.number, long.text.length], ["100", MAX_TEXT + 1]);
  assert.ok(long.sizeBytes > 2 * MAX_TEXT);
  // The last one that was shown is gone; what comes is shown once all the same.
  store.topics.deleteTopic("t");
  add(101, HOSTILE);
  const { messages: rest } = await events.take(1);
  assert.deepEqual(rest.map(({ number }) => number), ["101"]);
  assert.deepEqual(JSON.parse(rest[0].text).payload, HOSTILE);
  assert.equal(store.stats().subscriptions, 0);
  assert.equal(store.subscriptions.all.size, 0);
});

Deno.test("messages: places are limited, free again when a viewer goes, and end with the server", async () => {
  await using scene = await serveHttp();
  const url = `${scene.url}/topic_messages?topic=t`;
  const open = await Promise.all(
    Array.from({ length: MAX_STREAMS }, () => MessageEvents.open(url)),
  );
  await Promise.all(open.map((events) => events.next()));
  assert.equal((await scene.call("/topic_messages?topic=t")).status, 429);
  await open.pop()![Symbol.asyncDispose]();
  let next: MessageEvents | undefined;
  await until(async () => {
    const response = await fetch(url);
    await response.body!.cancel();
    return response.ok;
  }, "a free place");
  await until(
    async () => (next = await MessageEvents.open(url).catch(() => undefined)) !== undefined,
    "it",
  );
  await scene.server.stop();
  for (const events of [...open, next!]) {
    let batch;
    do batch = await events.next(); while (batch !== undefined);
  }
});

Deno.test("messages: channels that are missing, have none or are not shown, and foreign pages", () =>
  inScratch(async ({ path: dir }) => {
    using _latest = new Latest("poses", { dir });
    await using scene = await serveHttp({ channels: { dir }, token: "s3cret" });
    const ask = async (channel: string, headers: Record<string, string> = TOKEN) => {
      const path = `/channel_messages?${new URLSearchParams({ channel })}`;
      const { status, json } = await scene.call(path, undefined, { headers });
      return [status, json.error];
    };
    assert.deepEqual(await ask("none"), [404, 'the machine has no channel "none"']);
    for (const name of ["../poses", ".", "", `${dir}/poses`]) {
      assert.equal((await ask(name))[0], 404, name);
    }
    const [status, problem] = await ask("poses");
    assert.equal(status, 409);
    assert.match(problem, /it has latest values/);
    assert.equal((await ask("poses", {}))[0], 401);
    assert.equal((await ask("poses", { ...TOKEN, "sec-fetch-site": "cross-site" }))[0], 403);
    await using other = await serveHttp();
    const { status: refused, json } = await other.call("/channel_messages?channel=poses");
    assert.deepEqual([refused, json.error], [
      404,
      "this server shows no channels: give it the option channels",
    ]);
  }));

Deno.test("channels are removed with a token, when nobody uses them", () =>
  inScratch(async ({ path: dir }) => {
    const pusher = new Pusher("jobs", { dir, persist: true });
    pusher.send(1);
    await using open = await serveHttp({ channels: { dir } });
    await using scene = await serveHttp({ channels: { dir }, token: "s3cret" });
    const body = { channel: "jobs" };
    const remove = async (headers: Record<string, string> = TOKEN) => {
      const { status, json } = await scene.call("/channel_remove", body, { headers });
      return [status, json.error ?? json.changed];
    };
    const { status, json } = await open.call("/channel_remove", body);
    assert.deepEqual([status, json.error], [
      403,
      "the dashboard changes things at a server with a token only",
    ]);
    assert.equal((await remove({}))[0], 401);
    assert.equal((await remove({ ...TOKEN, origin: "http://foreign.example" }))[0], 403);
    assert.equal((await remove({ ...TOKEN, "sec-fetch-site": "cross-site" }))[0], 403);
    assert.deepEqual(await remove(), [409, 'channel "jobs" is used: end what uses it first']);
    pusher.close();
    assert.deepEqual(listChannels({ dir }).map(({ name }) => name), ["jobs"]);
    assert.deepEqual(await remove(), [200, 1]);
    assert.deepEqual(listChannels({ dir }), []);
    assert.deepEqual(await remove(), [200, 0]);
    Deno.writeTextFileSync(`${dir}/notes`, "no channel");
    const other = await scene.call("/channel_remove", { channel: "notes" }, { headers: TOKEN });
    assert.equal(other.status, 409);
    assert.match(other.json.error, /the file is no segment/);
    Deno.removeSync(`${dir}/notes`);
  }));

Deno.test("topics are cleared and keys deleted with a token, also keys that are no text", async () => {
  const store = new Store();
  await using open = await serveHttp({ store });
  await using scene = await serveHttp({ store, token: "s3cret" });
  store.storeMessage("n", "t", '{"id":1}');
  store.strings.set("greeting", "hello");
  const binary = textOfBytes("\x80\xff");
  const { first } = store.databases;
  first.set(bytesOfText(binary), "string", "value", undefined);
  const third = store.databases.get(3)!;
  third.set("greeting", "string", "value", undefined);
  const change = async (path: string, body: object, headers: Record<string, string> = TOKEN) => {
    const { status, json } = await scene.call(path, body, { headers });
    return [status, json.changed];
  };
  for (
    const [path, body] of [["/topic_clear", { topic: "t" }], ["/key_delete", {
      key: "greeting",
    }]] as const
  ) {
    assert.equal((await open.call(path, body)).status, 403);
    assert.equal((await change(path, body, {}))[0], 401);
    assert.equal((await change(path, body, { ...TOKEN, "sec-fetch-site": "cross-site" }))[0], 403);
  }
  assert.deepEqual([store.topics.length, first.size, third.size], [1, 2, 1]);
  assert.deepEqual(await change("/topic_clear", { topic: "t" }), [200, 1]);
  assert.deepEqual(await change("/topic_clear", { topic: "t" }), [200, 0]);
  assert.deepEqual(await change("/key_delete", { key: "greeting", database: 3 }), [200, 1]);
  assert.deepEqual(await change("/key_delete", { key: "greeting", database: 99 }), [200, 0]);
  assert.deepEqual(await change("/key_delete", { key: binary }), [200, 1]);
  assert.deepEqual([store.topics.length, first.size, third.size], [0, 1, 0]);
});

Deno.test("messages: values are like JSON, and bounded however large or deep they are", () => {
  const text = (value: unknown) => valueText(value, 200);
  assert.equal(
    text({ a: [1, "b", null, true, -0, undefined] }),
    '{"a": [1, "b", null, true, -0, undefined]}',
  );
  assert.equal(text(new Map([["k", new Set([1, 2])]])), 'Map {"k" => Set {1, 2}}');
  assert.equal(text(new Float32Array([1, 2.5])), "Float32Array(2) [1, 2.5]");
  assert.equal(
    text([new Date(NaN), /a+/g, new TypeError("no"), 5n]),
    "[Date invalid, /a+/g, TypeError: no, 5n]",
  );
  assert.equal(text(new Uint8Array(0)), "Uint8Array(0)");
  const circle: unknown[] = [];
  circle.push(circle);
  assert.match(text(circle), /^\[+…\]+$/);
  let deep: unknown = 1;
  for (let i = 0; i < 100_000; i++) deep = { deep };
  assert.equal(text(deep).length, 201);
  const large = Array.from({ length: 1_000_000 }, (_, i) => i);
  assert.equal(text([large, "x".repeat(1_000_000)]).length, 201);
});
