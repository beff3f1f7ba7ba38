/**
 * What the differential run calls: the naive model and an adapter of the backends have these methods, with
 * results that can be compared.
 *
 * @module
 */

import type { Message } from "../../../mod.ts";

/** What a call on a key of another kind gives. */
export const REFUSED = "refused";

/** A result now, or later. */
export type Outcome<T> = T | Promise<T>;

/** A store of messages and keys. Values come back as texts, messages as their ids. */
export interface Subject {
  advance(ms: number): Outcome<void>;
  store(namespace: string, topic: string, message: Message, ttlSeconds?: number): Outcome<void>;
  all(topic: string): Outcome<bigint[]>;
  since(topic: string, id: bigint): Outcome<bigint[]>;
  next(topic: string, id: bigint): Outcome<bigint | undefined>;
  byId(namespace: string, ids: readonly bigint[]): Outcome<bigint[]>;
  subscribe(topic: string): Outcome<void>;
  unsubscribe(topic: string): Outcome<void>;
  publish(channel: string, value: unknown): Outcome<number>;
  set(key: string, value: unknown): Outcome<void>;
  get(key: string): Outcome<string>;
  hset(key: string, field: string, value: unknown): Outcome<void | string>;
  hget(key: string, field: string): Outcome<string>;
  sadd(key: string, members: readonly unknown[]): Outcome<number | string>;
  smembers(key: string): Outcome<string[] | string>;
}

/** The methods that not every backend has. */
export const ON_KEYS: ReadonlySet<keyof Subject> = new Set(
  ["set", "get", "hset", "hget", "sadd", "smembers"] as const,
);
