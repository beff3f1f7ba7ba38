// What was stored after a message, in that order: for clients that follow a topic, and event streams that
// were interrupted.

import assert from "node:assert/strict";
import {
  GemstoneGenerator,
  InMemoryMessagingBackend,
  type Message,
  type MessagingBackend,
  ShmMessagingBackend,
  Store,
} from "../../../mod.ts";
import { SharedMemoryMessagingBackend } from "../../../backends/http/mod.ts";
import { EmbeddedMessagingBackend, EmbeddedServer } from "../../../backends/tcp/mod.ts";
import { idsOf, makeMessage } from "../../conformance/messaging/transport.ts";
import { until } from "../../support/deadline.ts";
import { serveHttp } from "../../support/http.ts";
import { LineClient } from "../../support/line_client.ts";
import { tcpProxy } from "../../support/tcp_proxy.ts";
import { makeScratchDirectory } from "../../support/scratch.ts";
import { cpuMs } from "../../support/cpu_clock.ts";

const HOUR_MS = 3_600_000;

/** Messages of two producers in turn. The clock of the second one is an hour behind. */
function ofTwoProducers(count: number): Message[] {
  const nowMs = Date.UTC(2025, 5, 1);
  let n = 0;
  const generators = [0, HOUR_MS].map((behindMs, i) =>
    new GemstoneGenerator(i, { clock: () => nowMs + n - behindMs })
  );
  return Array.from({ length: count }, () => {
    const id = generators[n % 2].getId().toInt();
    return makeMessage({ id, payload: { n: n++ } });
  });
}

async function storeAll(backend: MessagingBackend, messages: readonly Message[]): Promise<void> {
  for (const message of messages) await backend.storeMessage("n", "t", message);
}

/** Backends on every carrier, each on a store of its own. */
async function openBackends(
  scope: AsyncDisposableStack,
): Promise<Record<string, MessagingBackend>> {
  const scene = scope.use(await serveHttp());
  const server = scope.use(new EmbeddedServer({ port: 0 }));
  const port = await server.start();
  const dir = makeScratchDirectory();
  scope.defer(() => Deno.removeSync(dir, { recursive: true }));
  const backends = {
    memory: new InMemoryMessagingBackend(),
    http: new SharedMemoryMessagingBackend({ serverUrl: scene.url }),
    tcp: new EmbeddedMessagingBackend({ port, autoStartServer: false }),
    shm: new ShmMessagingBackend({ name: "following", dir }),
  };
  for (const backend of Object.values(backends)) scope.use(backend);
  return backends;
}

Deno.test("following: what was stored later comes in the order of storing, whatever its time", async () => {
  await using scope = new AsyncDisposableStack();
  for (const [carrier, backend] of Object.entries(await openBackends(scope))) {
    const messages = ofTwoProducers(10);
    await storeAll(backend, messages);
    for (const [n, { id }] of messages.entries()) {
      const found = await backend.getMessagesStoredAfter("t", id);
      assert.deepEqual(idsOf(found), idsOf(messages.slice(n + 1)), `${carrier} after ${n}`);
    }
    const all = await backend.getMessagesStoredAfter("t", 5n);
    assert.deepEqual(idsOf(all), idsOf(messages), carrier);
  }
});

Deno.test("following: a message that is stored again hides nothing that came before", async () => {
  await using backend = new InMemoryMessagingBackend();
  const [first, ...rest] = ofTwoProducers(4);
  await storeAll(backend, [first, ...rest, first]);
  await storeAll(backend, [first]);
  const found = await backend.getMessagesStoredAfter("t", first.id);
  assert.deepEqual(idsOf(found), idsOf([...rest, first]));
  await assert.rejects(backend.getMessagesStoredAfter("t", -1n), RangeError);
});

Deno.test("following: after a gap a client finds what it missed", async () => {
  const store = new Store();
  await using server = new EmbeddedServer({ port: 0, store });
  await using proxy = await tcpProxy(await server.start());
  const received: Message[] = [];
  const gaps: Promise<void>[] = [];
  const catchUp = async () => {
    const missed = await backend.getMessagesStoredAfter("t", received.at(-1)!.id);
    received.push(...missed.filter(({ id }) => !idsOf(received).includes(id)));
  };
  await using backend = new EmbeddedMessagingBackend({
    port: proxy.port,
    autoStartServer: false,
    onGap: () => void gaps.push(catchUp()),
  });
  await using producer = new InMemoryMessagingBackend({ store });
  await backend.subscribe("t", (message) => void received.push(message));
  const messages = ofTwoProducers(6);
  await storeAll(producer, messages.slice(0, 3));
  await until(() => received.length === 3, "the first messages");
  proxy.refuse();
  proxy.cut();
  await storeAll(producer, messages.slice(3));
  await proxy.accept();
  await until(() => gaps.length === 1, "the report of a gap");
  await gaps[0];
  assert.deepEqual(idsOf(received), idsOf(messages));
});

Deno.test("following: an event stream goes on with all that was stored since its last event", async () => {
  await using scene = await serveHttp();
  await using producer = new InMemoryMessagingBackend({ store: scene.server.store });
  const messages = ofTwoProducers(8);
  await storeAll(producer, messages);
  await producer.storeMessage("n", "other", makeMessage({ id: 7n }));
  for (const query of ["topic=t", "pattern=t*", "topic=t&topic=u&pattern=v"]) {
    for (const [n, { id }] of messages.slice(0, -1).entries()) {
      const ids = await eventIds(`${scene.url}/events?${query}`, id, messages.length - n - 1);
      assert.deepEqual(ids, idsOf(messages.slice(n + 1)), `${query} after ${n}`);
    }
  }
});

/** The ids of the first events of a stream. */
async function eventIds(url: string, lastId: bigint, count: number): Promise<bigint[]> {
  const response = await fetch(url, { headers: { "last-event-id": String(lastId) } });
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  let ids: bigint[] = [];
  while (ids.length < count) {
    const { value, done } = await reader.read();
    assert.ok(!done, `the stream ended after ${text}`);
    text += value;
    ids = [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => BigInt(id));
  }
  await reader.cancel();
  return ids;
}

Deno.test("following: one id in very many topics, and very many patterns, block no other client", async () => {
  await using scene = await serveHttp();
  const { store } = scene.server;
  const text = '{"id":7}';
  for (let n = 0; n < 200_000; n++) store.storeMessage("n", `topic ${n}`, text);
  store.storeMessage("n", "last", '{"id":8}');
  const patterns = Array.from({ length: 500 }, (_, n) => `pattern=*${n}*x`).join("&");
  const stopping = new AbortController();
  const ids = eventIds(`${scene.url}/events?topic=last&${patterns}`, 7n, 1);
  let longestMs = 0;
  const others = (async () => {
    while (!stopping.signal.aborted) {
      const startMs = cpuMs();
      await scene.call("/health");
      longestMs = Math.max(longestMs, cpuMs() - startMs);
    }
  })();
  assert.deepEqual(await ids, [8n]);
  stopping.abort();
  await others;
  assert.ok(longestMs < 2000, `another client waited for ${longestMs} ms of work`);
});

Deno.test("following: the line protocol has it as a command", async () => {
  await using server = new EmbeddedServer({ port: 0 });
  await using client = await LineClient.open(await server.start());
  for (const id of [3, 1, 2]) {
    await client.request(`STORE_MESSAGE n t JSON:${btoa(`{"id":${id}}`)}`);
  }
  const reply = await client.request("GET_MESSAGES_STORED_AFTER t 3");
  assert.equal(atob(reply!.replace("MESSAGES JSON:", "")), '[{"id":1},{"id":2}]');
});
