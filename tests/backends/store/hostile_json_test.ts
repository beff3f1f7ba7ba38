// JSON that is nested deep, or has numbers without end, is rejected where it arrives: no reader
// later is affected.

import assert from "node:assert/strict";
import {
  InMemoryMessageQueue,
  InMemoryMessagingBackend,
  MessagingRefusedError,
  parseJson,
} from "../../../mod.ts";
import { SharedMemoryMessagingBackend } from "../../../backends/http/mod.ts";
import { ManagerBackend } from "../../../backends/state/mod.ts";
import { EmbeddedServer, StateHost } from "../../../backends/tcp/mod.ts";
import { within } from "../../support/deadline.ts";
import { serveHttp } from "../../support/http.ts";
import { LineClient } from "../../support/line_client.ts";
import { cpuMs } from "../../support/cpu_clock.ts";

const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
const DEEP = nested(10_000);
const LONG = `[${"1".repeat(2_000_000)}]`;
/** V8 takes the second key for the first one. */
const ESCAPED = [String.raw`{"\u0061\"":1}`, String.raw`{"\u0062\"":2}`];

const encode = (text: string) => `JSON:${btoa(text)}`;

Deno.test("hostile JSON: each command of the TCP server rejects it, in a short time", async () => {
  await using server = new EmbeddedServer({ port: 0 });
  await using client = await LineClient.open(await server.start());
  for (const json of [DEEP, LONG]) {
    for (
      const line of [
        `PUBLISH t ${encode(json)}`,
        `STORE_MESSAGE n t ${encode(`{"id":1,"payload":${json}}`)}`,
        `GET_MESSAGES_BY_ID n ${encode(json)}`,
      ]
    ) {
      const startMs = cpuMs();
      assert.match((await client.request(line))!, /^ERROR "/, line.slice(0, 30));
      const tookMs = cpuMs() - startMs;
      assert.ok(tookMs < 2000, `${line.slice(0, 30)} took ${tookMs} ms`);
    }
  }
  assert.equal(await client.request(`PUBLISH t ${encode(nested(512))}`), "OK 0");
});

Deno.test("hostile JSON: each call of the HTTP server rejects it", async () => {
  await using scene = await serveHttp();
  for (const json of [DEEP, LONG]) {
    const bodies = {
      "/publish": `{"channel":"t","message":${json}}`,
      "/set": `{"key":"k","value":${json}}`,
      "/hset": `{"key":"h","field":"f","value":${json}}`,
      "/sadd": `{"key":"s","members":${json}}`,
      "/store_message": `{"namespace":"n","topic":"t","message":{"id":1,"payload":${json}}}`,
    };
    for (const [path, body] of Object.entries(bodies)) {
      const { status, json: answer } = await scene.call(path, body);
      assert.equal(status, 400, path);
      assert.match(answer.error, /nested deeper than 512|more than 4300 digits/);
    }
  }
});

Deno.test("hostile JSON: what a TCP client publishes costs an HTTP client no answer", async () => {
  await using scene = await serveHttp();
  await using server = new EmbeddedServer({ port: 0, store: scene.server.store });
  await using backend = new SharedMemoryMessagingBackend({ serverUrl: scene.url });
  const seen: unknown[] = [];
  const { promise: done, resolve } = Promise.withResolvers<void>();
  await backend.subscribe("t", () => {}, {
    onPublished({ data }) {
      seen.push(data);
      if (data === "last") resolve();
    },
  });
  await using client = await LineClient.open(await server.start());
  await client.request(`PUBLISH t ${encode(DEEP)}`);
  await client.request(`PUBLISH t ${encode(nested(512))}`);
  await client.request(`PUBLISH t ${encode("9737962806006804483")}`);
  await client.request("PUBLISH t last");
  await within(done, "the last value");
  assert.deepEqual(seen, [JSON.parse(nested(512)), 9737962806006804483n, "last"]);
});

Deno.test("hostile JSON: a backend refuses to send what no client could read", async () => {
  await using scene = await serveHttp();
  await using http = new SharedMemoryMessagingBackend({ serverUrl: scene.url });
  await using memory = new InMemoryMessagingBackend();
  const deep = JSON.parse(DEEP.slice(9000, -9000));
  for (const backend of [http, memory]) {
    await assert.rejects(backend.set("k", deep), MessagingRefusedError);
    await assert.rejects(backend.publish("c", deep), MessagingRefusedError);
    await assert.rejects(backend.sadd("s", deep), MessagingRefusedError);
  }
  await using queue = new InMemoryMessageQueue();
  await queue.initialize();
  const publish = (payload: unknown) => queue.publish({ channel: "c", sourceAgent: "a", payload });
  await assert.rejects(publish(deep), /nested deeper than 512/);
});

Deno.test("hostile JSON: keys with escapes are not confused in payloads and pairs", async () => {
  const objects = ESCAPED.map((text) => parseJson(text));
  assert.deepEqual(objects.map((object) => Object.keys(object as object)), [['a"'], ['b"']]);
  await using queue = new InMemoryMessageQueue();
  await queue.initialize();
  const authkey = new Uint8Array(32);
  await using server = new EmbeddedServer({ port: 0, state: new StateHost({ authkey }) });
  await using state = new ManagerBackend({
    managerAddress: ["127.0.0.1", await server.start()],
    managerAuthkey: authkey,
  });
  for (const [n, object] of objects.entries()) {
    const record = await queue.publish({ channel: "c", sourceAgent: "a", payload: object });
    assert.deepEqual((await queue.get(record.id))?.payload, object);
    await state.registrySet(`c${n}`, `${"ab"[n]}"`);
  }
  assert.deepEqual(await state.registryListAll(), { 'a"': "c0", 'b"': "c1" });
});
