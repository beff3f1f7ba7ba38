/**
 * Random commands for the differential run: few names and ids, so that they meet.
 *
 * @module
 */

import { GEMSTONE_EPOCH_MS } from "../../../lib/message/gemstone.ts";
import { Message } from "../../../mod.ts";
import type { Random } from "../../support/random.ts";
import type { Subject } from "./subject.ts";

/** A call with its arguments. */
export interface Command {
  readonly method: keyof Subject;
  readonly args: readonly unknown[];
}

/** Names that a protocol may confuse: with its own syntax, with each other, or with members of objects. */
const NAMES = [
  "t",
  "T",
  "a b",
  "a%20b",
  "é",
  "e\u0301",
  "😀",
  "__proto__",
  "constructor",
  "0",
  "q?x=1",
];
const NAMESPACES = ["n", "other", "__proto__"];
const IDS = idsOf();

/** Ids of three priorities in four milliseconds, twice each. */
function idsOf(): bigint[] {
  const at = (priority: number, ms: number, sequence: number) =>
    BigInt(priority) << 61n | BigInt(ms) << 22n | BigInt(sequence);
  const base = Date.UTC(2025, 0, 1) - GEMSTONE_EPOCH_MS;
  return [0, 4, 7].flatMap((priority) =>
    [0, 1, 2, 1000].flatMap((ms) => [0, 1].map((sequence) => at(priority, base + ms, sequence)))
  );
}

const VALUES: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -0.5,
  1e300,
  2n ** 64n,
  -(2n ** 80n),
  "",
  "text",
  '"quoted"',
  "null",
  "line\r\nbreak",
  "\u0000",
  "\u2028",
  "😀",
  [],
  {},
  [1, [2n ** 70n], { a: null }],
  { 'escaped "key"\n': 1, "": 2, constructor: 3 },
];

/** How often each call is made, and its arguments. */
const CALLS: {
  [M in keyof Subject]: [weight: number, args: (random: Random) => Parameters<Subject[M]>];
} = {
  advance: [3, (random) => [random.below(3000)]],
  store: [30, (random) => {
    const topic = random.pick(NAMES);
    const ttlSeconds = random.chance(0.2) ? random.between(1, 4) : undefined;
    return [random.pick(NAMESPACES), topic, randomMessage(random, topic), ttlSeconds];
  }],
  all: [8, (random) => [random.pick(NAMES)]],
  since: [8, (random) => [random.pick(NAMES), random.pick(IDS)]],
  next: [4, (random) => [random.pick(NAMES), random.pick(IDS)]],
  byId: [6, (random) => [random.pick(NAMESPACES), someOf(random, IDS)]],
  subscribe: [3, (random) => [random.pick(NAMES)]],
  unsubscribe: [2, (random) => [random.pick(NAMES)]],
  publish: [12, (random) => [random.pick(NAMES), random.pick(VALUES)]],
  set: [8, (random) => [random.pick(NAMES), random.pick(VALUES)]],
  get: [8, (random) => [random.pick(NAMES)]],
  hset: [8, (random) => [random.pick(NAMES), random.pick(NAMES), random.pick(VALUES)]],
  hget: [8, (random) => [random.pick(NAMES), random.pick(NAMES)]],
  sadd: [8, (random) => [random.pick(NAMES), someOf(random, VALUES)]],
  smembers: [6, (random) => [random.pick(NAMES)]],
};

const METHODS = Object.keys(CALLS) as (keyof Subject)[];
const WEIGHTS = Object.fromEntries(METHODS.map((method) => [method, CALLS[method][0]]));

/** The next command. */
export function randomCommand(random: Random): Command {
  const method = random.weighted(WEIGHTS) as keyof Subject;
  return { method, args: CALLS[method][1](random) };
}

function randomMessage(random: Random, topic: string): Message {
  return new Message({
    id: random.pick(IDS),
    sender: { id: "s", name: "Sender" },
    topics: topic,
    payload: { value: random.pick(VALUES), n: random.below(1e9) },
  });
}

/** Up to five different members of a list. */
function someOf<T>(random: Random, list: readonly T[]): T[] {
  return [...new Set(Array.from({ length: random.below(6) }, () => random.pick(list)))];
}
