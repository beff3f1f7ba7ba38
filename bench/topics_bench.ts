/**
 * Measures what topics cost: to send with one, to receive a message that matches, and to pass one that does not,
 * beside messages without topics; 64 bytes each, between two participants of one process.
 *
 * Run with `deno bench --allow-ffi bench/topics_bench.ts`, or with `--allow-env=RINGBUS_DIR` in addition to
 * name the directory.
 */

import { Publisher, Subscriber, type SubscriberOptions, type TopicOptions } from "../mod.ts";

/** Messages of one measurement: they fit the ring. */
const TIMES = 1000;
const RAW = { codec: "raw" } as const;
const message = new Uint8Array(64).fill(7);
const target = new Uint8Array(64);

/** Sends outside of what is measured, and receives within. */
function benchReceiving(
  label: string,
  options: SubscriberOptions,
  topic: TopicOptions | undefined,
): void {
  const name = `topics-bench-${Deno.pid}-${label.replaceAll(/\W/g, "-")}`;
  const publisher = new Publisher<Uint8Array>(name, RAW);
  const subscriber = new Subscriber<Uint8Array>(name, { ...RAW, ...options });
  const receive = () => {
    while (subscriber.tryRecvInto(target) >= 0) continue;
  };
  Deno.bench(`${label}, ${TIMES} times`, { group: "receive" }, (context) => {
    for (let i = 0; i < TIMES; i++) publisher.send(message, topic);
    context.start();
    receive();
    context.end();
  });
  globalThis.addEventListener("unload", () => {
    publisher.close();
    subscriber.close();
  });
}

function benchSending(label: string, topic: TopicOptions | undefined): void {
  const publisher = new Publisher<Uint8Array>(`topics-bench-${Deno.pid}-${label}`, RAW);
  Deno.bench(`send ${label}, ${TIMES} times`, { group: "send" }, () => {
    for (let i = 0; i < TIMES; i++) publisher.send(message, topic);
  });
  globalThis.addEventListener("unload", () => publisher.close());
}

const POSE = { topics: ["pose.*"] };

benchSending("without-a-topic", undefined);
benchSending("with-a-topic", { topic: "pose.arm.left" });
benchReceiving("receive without a topic", {}, undefined);
benchReceiving("receive what matches", POSE, { topic: "pose.arm.left" });
benchReceiving("pass another topic", POSE, { topic: "battery.level" });
benchReceiving("pass what has no topic", POSE, undefined);
benchReceiving("take and replace", { conflate: true }, { topic: "pose.arm.left" });
