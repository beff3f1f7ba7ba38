// What the types of defined channels, queues, topics and slots allow, and what they do not: each line below `@ts-expect-error` has to be
// an error of `deno check`. Nothing of it is executed.

import assert from "node:assert/strict";
import { z } from "zod";
import {
  type Codec,
  defineChannel,
  defineQueue,
  defineTopic,
  type Delivery,
  InMemoryMessageQueue,
  InMemoryMessagingBackend,
  type Publisher,
  type Puller,
  type Subscriber,
  type Tensor,
  type TopicMessage,
  typeOnly,
} from "../../../mod.ts";

import { defineSlots, InMemoryBackend } from "../../../backends/state/mod.ts";

/** True for the same type. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true
  : false;

function isTrue<_T extends true>(): void {}

const PUBLISH = "publish/subscribe";
const REQUEST = "request/reply";
const AS_JSON = { pattern: PUBLISH, codec: "json" } as const;
const AS_CLONE = { pattern: PUBLISH, codec: "clone" } as const;
const JSON_REQUEST = { pattern: REQUEST, codec: "json" } as const;
const MAP = z.map(z.string(), z.string());

function patterns(): void {
  const text = z.object({ at: z.string().transform(Number), name: z.string().default("") });
  type In = { at: string; name?: string | undefined };
  type Out = { at: number; name: string };

  const robot = defineChannel("robot", { pattern: PUBLISH, schema: text, capacityBytes: 4096 });
  isTrue<Same<ReturnType<typeof robot.publisher>, Publisher<In>>>();
  isTrue<Same<ReturnType<typeof robot.subscriber>, Subscriber<Out>>>();
  const named: Subscriber<TopicMessage<Out>> = robot.subscriber({ withTopic: true });
  void named;
  robot.on("other").publisher().send({ at: "7" });
  // @ts-expect-error: the schema takes a text
  robot.publisher().send({ at: 7 });
  // @ts-expect-error: publishing has no requester
  robot.requester();
  // @ts-expect-error: publishing has no pusher
  robot.pusher();
  // @ts-expect-error: the definition decides the codec
  robot.publisher({ codec: "json" });
  // @ts-expect-error: publishers begin nowhere
  robot.publisher({ since: "oldest" });

  const free = defineChannel("free", { pattern: "push/pull", schema: text, check: "none" });
  free.pusher().send({ at: 7, name: "" });
  isTrue<Same<ReturnType<typeof free.pusher>, import("../../../mod.ts").Pusher<Out>>>();
  const late = defineChannel("late", { pattern: "push/pull", schema: text, check: "receiver" });
  late.pusher().send({ at: "7" });
  const delivery: Puller<Delivery<Out>> = late.puller({ ack: true });
  const puller: Puller<Out> = late.puller({ pooled: false });
  // @ts-expect-error: pushing has no subscriber
  late.subscriber();
  void [delivery, puller];

  const usual = { codec: undefined, check: undefined, capacityBytes: undefined, dir: undefined };
  const plain = defineChannel("plain", { pattern: "publish/subscribe", schema: text, ...usual });
  isTrue<Same<ReturnType<typeof plain.subscriber>, import("../../../mod.ts").Subscriber<Out>>>();
  defineChannel("inline", { pattern: "push/pull", schema: text, codec: undefined });

  const values = defineChannel("values", { pattern: "latest", schema: text }).latest();
  values.set("a", { at: "1" });
  isTrue<Same<ReturnType<typeof values.get>, Out | undefined>>();
  values.update("a", (value) => ({ at: `${value!.at}` }));
  // @ts-expect-error: the schema takes a text
  values.set("a", { at: 1 });
}

function requests(): void {
  const schema = { request: z.string(), reply: z.number(), part: z.boolean() };
  const service = defineChannel("service", { pattern: REQUEST, schema });
  const requester = service.requester();
  const reply: Promise<number> = requester.request("a");
  isTrue<Same<ReturnType<typeof requester.stream>, AsyncGenerator<boolean, number, undefined>>>();
  const replier = service.replier();
  void replier.serve((request) => request.length);
  void replier.serveStream(function* (request) {
    yield request === "a";
    return request.length;
  });
  // @ts-expect-error: requests are texts
  void requester.request(7);
  // @ts-expect-error: replies are numbers
  void replier.serve((request) => request);
  // @ts-expect-error: parts are booleans
  void replier.serveStream(function* () {
    yield "part";
  });
  // @ts-expect-error: requests have no publisher
  service.publisher();
  // @ts-expect-error: requests and replies have a schema each
  defineChannel("service", { pattern: REQUEST, schema: z.string() });
  // @ts-expect-error: the schema of replies is missing
  defineChannel("service", { pattern: REQUEST, schema: { request: z.string() } });
  // @ts-expect-error: one schema is enough for what is published
  defineChannel("service", { pattern: PUBLISH, schema });
  // @ts-expect-error: there is no such pattern
  defineChannel("service", { pattern: "pub/sub", schema: z.string() });
  // @ts-expect-error: a Map is no reply in JSON
  defineChannel("service", { ...JSON_REQUEST, schema: { request: z.string(), reply: MAP } });
  void reply;
}

function codecs(): void {
  // @ts-expect-error: a function at $.run cannot be sent with codec "msgpack"
  defineChannel("c", { pattern: PUBLISH, schema: typeOnly<{ run: () => void }>() });
  // @ts-expect-error: a function at $[].a cannot be sent with codec "clone"
  defineChannel("c", { ...AS_CLONE, schema: typeOnly<{ a(): 1 }[]>() });
  // @ts-expect-error: a symbol at $ cannot be sent with codec "msgpack"
  defineChannel("c", { pattern: PUBLISH, schema: typeOnly<symbol | string>() });
  // @ts-expect-error: a Map at $.tags cannot be sent with codec "json"
  defineChannel("c", { ...AS_JSON, schema: z.object({ tags: MAP }) });
  // @ts-expect-error: a Set at $.tags cannot be sent with codec "msgpack"
  defineChannel("c", { pattern: PUBLISH, schema: z.object({ tags: z.set(MAP).optional() }) });
  // @ts-expect-error: a bigint at $.id cannot be sent with codec "json"
  defineChannel("c", { ...AS_JSON, schema: z.object({ id: z.bigint() }) });
  // @ts-expect-error: a Date at $ would arrive as a text
  defineChannel("c", { ...AS_JSON, schema: z.date() });
  // @ts-expect-error: binary data at $.a cannot be sent with codec "json"
  defineChannel("c", { ...AS_JSON, schema: typeOnly<{ a: Uint8Array }>() });
  // @ts-expect-error: codec "raw" sends Uint8Arrays alone
  defineChannel("c", { pattern: PUBLISH, schema: z.string(), codec: "raw" });
  // @ts-expect-error: a SharedArrayBuffer at $ cannot be sent
  defineChannel("c", { pattern: PUBLISH, schema: typeOnly<SharedArrayBuffer>() });
  // @ts-expect-error: a Promise at $ cannot be sent
  defineChannel("c", { ...AS_CLONE, schema: typeOnly<Promise<number>>() });

  const point: Codec<{ x: number }> = {
    id: "point.v1",
    encode: () => new Uint8Array(),
    decode: () => ({ x: 1 }),
  };
  defineChannel("c", { pattern: PUBLISH, schema: typeOnly<{ x: number }>(), codec: point });
  // @ts-expect-error: the codec takes values of another type
  defineChannel("c", { pattern: PUBLISH, schema: typeOnly<{ y: number }>(), codec: point });

  // What senders make of it is sent, and what receivers take: the same schema fits one way only.
  const dates = z.string().transform((text) => new Date(text));
  // @ts-expect-error: senders make dates
  defineChannel("c", { ...AS_JSON, schema: dates });
  defineChannel("c", { pattern: PUBLISH, schema: dates, codec: "json", check: "receiver" });
}

/** A type that contains itself. */
type Json = string | number | boolean | null | Json[] | { [name: string]: Json };
interface Tree {
  value: number;
  children: Tree[];
  parent?: Tree;
}

function sendable(): void {
  const pattern = PUBLISH;
  defineChannel("c", { ...AS_JSON, schema: typeOnly<unknown>() });
  // deno-lint-ignore no-explicit-any
  defineChannel("c", { pattern, schema: typeOnly<any>() });
  // deno-lint-ignore no-explicit-any
  defineChannel("c", { ...AS_JSON, schema: typeOnly<{ a: any; b?: unknown }>() });
  defineChannel("c", { ...AS_JSON, schema: typeOnly<Json>() });
  defineChannel("c", { pattern, schema: typeOnly<Tree>() });
  defineChannel("c", { pattern, schema: typeOnly<{ id: bigint; at: Date; data: Float32Array }>() });
  defineChannel("c", { ...AS_CLONE, schema: typeOnly<Map<string, Set<number>>>() });
  defineChannel("c", { pattern, schema: typeOnly<Uint8Array>(), codec: "raw" });
  defineChannel("c", { ...AS_JSON, schema: typeOnly<Float32Array>() });
  defineChannel("c", { pattern, schema: typeOnly<Tensor<Float64Array>>(), codec: "raw" });
  defineChannel("c", { ...AS_JSON, schema: typeOnly<readonly [number, string?]>() });
  defineChannel("c", { ...AS_JSON, schema: z.string().brand("id") });
  defineChannel("c", { ...AS_JSON, schema: z.record(z.string(), z.number()) });
  defineChannel("c", { pattern, schema: z.undefined() });
  const nothing = { request: z.number(), reply: z.void() };
  void defineChannel("c", { pattern: REQUEST, schema: nothing }).replier().serve(() => {});
}

function backends(): void {
  const job = z.object({ at: z.string().transform(Number) });
  const queue = defineQueue("q", { schema: job, result: z.number() }).on(
    new InMemoryMessageQueue(),
  );
  const from = { sourceAgent: "a" };
  void queue.publish({ payload: { at: "1" }, ...from });
  // @ts-expect-error: the schema takes a text
  void queue.publish({ payload: { at: 1 }, ...from });
  // @ts-expect-error: the definition decides the channel
  void queue.publish({ payload: { at: "1" }, channel: "r", ...from });
  queue.worker("a", ({ payload }) => payload.at + 1);
  // @ts-expect-error: results are numbers
  queue.worker("a", ({ payload }) => String(payload.at));
  // @ts-expect-error: a bigint is no JSON
  defineQueue("q", { schema: z.object({ id: z.bigint() }) });
  const anything = defineQueue("q", { schema: job }).on(new InMemoryMessageQueue());
  anything.worker("a", ({ payload }) => String(payload.at));

  const topic = defineTopic("t", { schema: job }).on(new InMemoryMessagingBackend());
  const init = { id: 1n, sender: {} };
  void topic.storeMessage("n", { ...init, payload: { at: "1" } });
  void topic.subscribe(({ payload, topics }) => console.log(payload.at + 1, topics));
  // @ts-expect-error: the schema takes a text
  void topic.storeMessage("n", { ...init, payload: { at: 1 } });
  defineTopic("t", { schema: z.object({ id: z.bigint() }) });
  // @ts-expect-error: the payload of a message is an object
  defineTopic("t", { schema: z.string() });
  // @ts-expect-error: a Map is no JSON
  defineTopic("t", { schema: z.object({ map: MAP }) });

  const slots = defineSlots({ schema: job }).on(new InMemoryBackend());
  void slots.append("t", { at: "1" });
  isTrue<Same<ReturnType<typeof slots.getThread>, Promise<{ at: number }[]>>>();
  // @ts-expect-error: the schema takes a text
  void slots.append("t", { at: 1 });
  // @ts-expect-error: slots hold no functions
  defineSlots({ schema: typeOnly<{ run(): void }>() });
}

Deno.test("the types of defined channels are checked", () => {
  assert.equal([patterns, requests, codecs, sendable, backends].length, 5);
});
