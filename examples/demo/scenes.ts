/**
 * The three scenes of the demo: their processes, and the conditions on the counts at the end.
 *
 * @module
 */

import type { Result, Task } from "./protocol.ts";

/** A task without the fields that all tasks share. */
export type Part = Omit<Task, "channel" | "dir">;

/** A condition. */
export interface Check {
  text: string;
  isRight: boolean;
}

/** One pattern. */
export interface Scene {
  title: string;
  /** They open their sockets first, and work until the drivers are done. */
  servers: Part[];
  /** The scene ends when they are done. */
  workers: Part[];
  /** Messages that the workers handle in total. */
  total: number;
  check(results: Result[]): Check[];
}

/** The size of the demo. */
export interface Scale {
  published: number;
  rate: number;
  requested: number;
  pushed: number;
}

/** The size of `deno task demo`. */
export const FULL: Scale = { published: 120_000, rate: 60_000, requested: 20_000, pushed: 150_000 };
/** A short run. */
export const QUICK: Scale = { published: 30_000, rate: 60_000, requested: 1_000, pushed: 10_000 };

const count = new Intl.NumberFormat("en");

/** The scenes in their order. */
export function scenes(scale: Scale): Scene[] {
  return [publishSubscribe(scale), requestReply(scale), pushPull(scale)];
}

function publishSubscribe({ published: messages, rate }: Scale): Scene {
  const subscriber = (name: string, pauseMs?: number): Part => ({
    role: "subscriber",
    name,
    messages,
    pauseMs,
  });
  return {
    title: "publish/subscribe",
    servers: [],
    workers: [
      { role: "publisher", name: "publisher", messages, rate },
      subscriber("subscriber 1"),
      subscriber("subscriber 2"),
      subscriber("subscriber 3, pauses", 600),
    ],
    total: 4 * messages,
    check: (results) => {
      const subscribers = results.filter(({ name }) => name.startsWith("subscriber"));
      return [{
        text: `each subscriber: received + missed = ${count.format(messages)} published, in order`,
        isRight: subscribers.length === 3 &&
          subscribers.every((r) => r.received + r.missed === messages && r.wrong === 0),
      }];
    },
  };
}

function requestReply({ requested: messages }: Scale): Scene {
  const replier = (name: string): Part => ({ role: "replier", name, messages: 2 * messages });
  const requester = (name: string): Part => ({ role: "requester", name, messages });
  return {
    title: "request/reply",
    servers: [replier("replier 1"), replier("replier 2")],
    workers: [requester("requester 1"), requester("requester 2")],
    total: 2 * messages,
    check: (results) => {
      const served = results.filter(({ name }) => name.startsWith("replier"));
      const asked = results.filter(({ name }) => name.startsWith("requester"));
      const total = served.reduce((sum, { sent }) => sum + sent, 0);
      return [{
        text: `each of ${count.format(2 * messages)} requests got one reply, at its requester`,
        isRight: total === 2 * messages && asked.length === 2 &&
          asked.every((r) => r.received === messages && r.wrong === 0),
      }];
    },
  };
}

function pushPull({ pushed: messages }: Scale): Scene {
  const puller = (name: string): Part => ({ role: "puller", name, messages });
  return {
    title: "push/pull",
    servers: [],
    workers: [
      { role: "pusher", name: "pusher", messages, pullers: 4 },
      puller("puller 1"),
      puller("puller 2"),
      puller("puller 3"),
      puller("puller 4"),
    ],
    total: 2 * messages,
    check: (results) => {
      const pullers = results.filter(({ name }) => name.startsWith("puller"));
      const total = pullers.reduce((sum, { received }) => sum + received, 0);
      return [{
        text: `each of ${count.format(messages)} ids was pulled exactly once`,
        isRight: total === messages && distinctIds(pullers) === messages &&
          pullers.every(({ wrong }) => wrong === 0),
      }];
    },
  };
}

/** The number of ids that at least one puller received. */
function distinctIds(pullers: Result[]): number {
  const maps = pullers.map(({ ids }) => Uint8Array.fromBase64(ids!));
  let distinct = 0;
  for (let i = 0; i < maps[0].length; i++) {
    for (let bits = maps.reduce((all, map) => all | map[i], 0); bits !== 0; bits &= bits - 1) {
      distinct++;
    }
  }
  return distinct;
}
