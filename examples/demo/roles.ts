/**
 * What each process of the demo does. A role opens its socket, reports that it is ready, waits for the
 * start, does its work and returns a result.
 *
 * @module
 */

import { Publisher, Puller, Pusher, Replier, Requester, Subscriber } from "@ringbus/ringbus";
import { nowUs } from "./clock.ts";
import { type Question, type Reading, reading, type Reply, type Result } from "./protocol.ts";
import type { RoleName, Task } from "./protocol.ts";

/** The connection to the parent process. */
export interface Stage {
  /** Reports that the socket is open, and resolves at the start. */
  ready(): Promise<void>;
  /** Reports the progress. Cheap enough to call for every message. */
  progress(done: number): void;
  /** Aborts when the role has to end. */
  readonly stop: AbortSignal;
}

/** A role of the demo. */
export type Role = (task: Task, stage: Stage) => Promise<Result>;

const END = -1;
const PUSH_CAPACITY_BYTES = 64 * 1024;
const REQUESTS_IN_FLIGHT = 4;

/** Latencies, and the time from the first message to the last. */
class Timing {
  readonly #latencies: number[] = [];
  #firstUs = 0;
  #lastUs = 0;

  /** Records a message that has arrived. */
  record(sentUs: number): void {
    this.#lastUs = nowUs();
    if (this.#latencies.length === 0) this.#firstUs = sentUs;
    this.#latencies.push(this.#lastUs - sentUs);
  }

  get seconds(): number {
    return (this.#lastUs - this.#firstUs) / 1e6;
  }

  /** The median and the 99th percentile. */
  percentiles(): { p50Us?: number; p99Us?: number } {
    if (this.#latencies.length === 0) return {};
    const sorted = Float64Array.from(this.#latencies).sort();
    const at = (share: number) => sorted[Math.min(sorted.length - 1, sorted.length * share | 0)];
    return { p50Us: at(0.5), p99Us: at(0.99) };
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Publishes at a steady rate, in a burst every millisecond or so. */
async function publish(task: Task, stage: Stage): Promise<Result> {
  using publisher = new Publisher<Reading>(task.channel, { dir: task.dir });
  await stage.ready();
  const startUs = nowUs();
  let id = 0;
  while (id < task.messages) {
    const due = (nowUs() - startUs) / 1e6 * task.rate!;
    while (id < due && id < task.messages) publisher.send(reading(id++, nowUs()));
    stage.progress(id);
    await sleep(1);
  }
  publisher.send(reading(END, nowUs()));
  const seconds = (nowUs() - startUs) / 1e6;
  return { name: task.name, sent: id, received: 0, missed: 0, wrong: 0, seconds };
}

async function subscribe(task: Task, stage: Stage): Promise<Result> {
  using subscriber = new Subscriber<Reading>(task.channel, { dir: task.dir });
  await stage.ready();
  const timing = new Timing();
  let received = 0;
  let wrong = 0;
  let last = -1;
  for await (const { id, sentUs, position } of subscriber) {
    if (id === END) break;
    timing.record(sentUs);
    if (id <= last || position[1] !== id / 2) wrong++;
    last = id;
    stage.progress(++received);
    if (task.pauseMs && received === task.messages >> 2) await sleep(task.pauseMs);
  }
  const { missed } = subscriber.statistics();
  const { seconds } = timing;
  return { name: task.name, sent: 0, received, missed, wrong, seconds, ...timing.percentiles() };
}

/** Keeps several requests in flight, and checks that each reply is for its own request. */
async function request(task: Task, stage: Stage): Promise<Result> {
  using requester = new Requester<Question, Reply>(task.channel, { dir: task.dir });
  await stage.ready();
  const timing = new Timing();
  let sent = 0;
  let received = 0;
  let wrong = 0;
  const sendRequest = async () => {
    while (sent < task.messages) {
      const id = sent++;
      const sentUs = nowUs();
      const response = await requester.request({ id, from: task.name });
      timing.record(sentUs);
      if (response.id !== id || response.to !== task.name || response.square !== id * id) wrong++;
      stage.progress(++received);
    }
  };
  await Promise.all(Array.from({ length: REQUESTS_IN_FLIGHT }, sendRequest));
  const { seconds } = timing;
  return { name: task.name, sent, received, missed: 0, wrong, seconds, ...timing.percentiles() };
}

async function reply(task: Task, stage: Stage): Promise<Result> {
  using replier = new Replier<Question, Reply>(task.channel, { dir: task.dir });
  await stage.ready();
  const startUs = nowUs();
  let lastUs = startUs;
  const handler = ({ id, from }: Question): Reply => {
    lastUs = nowUs();
    return { id, to: from, square: id * id };
  };
  await replier.serve(handler, { signal: stage.stop });
  const { sent, received } = replier.statistics();
  const seconds = (lastUs - startUs) / 1e6;
  return { name: task.name, sent, received, missed: 0, wrong: 0, seconds };
}

/** Pushes as fast as the pullers take. A full ring makes it wait. */
async function push(task: Task, stage: Stage): Promise<Result> {
  const options = { dir: task.dir, capacityBytes: PUSH_CAPACITY_BYTES };
  using pusher = new Pusher<Reading>(task.channel, options);
  await stage.ready();
  const startUs = nowUs();
  for (let id = 0; id < task.messages; id++) {
    await pusher.sendAsync(reading(id, nowUs()));
    stage.progress(id + 1);
  }
  for (let i = 0; i < task.pullers!; i++) await pusher.sendAsync(reading(END, nowUs()));
  const seconds = (nowUs() - startUs) / 1e6;
  return { name: task.name, sent: task.messages, received: 0, missed: 0, wrong: 0, seconds };
}

/** Pulls until an end mark, and keeps one bit for each id. */
async function pull(task: Task, stage: Stage): Promise<Result> {
  const options = { dir: task.dir, capacityBytes: PUSH_CAPACITY_BYTES };
  using puller = new Puller<Reading>(task.channel, options);
  await stage.ready();
  const timing = new Timing();
  const ids = new Uint8Array((task.messages + 7) >> 3);
  let received = 0;
  let wrong = 0;
  for await (const { id, sentUs } of puller) {
    if (id === END) break;
    timing.record(sentUs);
    if ((ids[id >> 3] & 1 << (id & 7)) !== 0) wrong++;
    ids[id >> 3] |= 1 << (id & 7);
    stage.progress(++received);
  }
  const done = { name: task.name, sent: 0, received, missed: 0, wrong, seconds: timing.seconds };
  return { ...done, ...timing.percentiles(), ids: ids.toBase64() };
}

/** All roles by name. */
export const ROLES: Record<RoleName, Role> = {
  publisher: publish,
  subscriber: subscribe,
  requester: request,
  replier: reply,
  pusher: push,
  puller: pull,
};
