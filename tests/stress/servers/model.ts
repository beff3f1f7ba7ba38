/**
 * What every messaging backend does, as plainly as possible: lists that are searched from end to end. The
 * differential run compares the backends with it.
 *
 * @module
 */

import { timestampOf } from "../../../lib/message/gemstone.ts";
import type { Message } from "../../../mod.ts";
import { REFUSED, type Subject } from "./subject.ts";
import { textOf } from "./texts.ts";

interface Entry {
  readonly namespace: string;
  readonly message: Message;
  readonly expiresAtMs: number;
}

type Value = string | Map<string, string> | Set<string>;

/** Topics, keys and subscriptions without any index. Values are compared as texts. */
export class NaiveStore implements Subject {
  readonly #topics = new Map<string, Entry[]>();
  readonly #keys = new Map<string, Value>();
  readonly #subscribed = new Set<string>();
  readonly #delivered: string[] = [];
  #nowMs = 0;

  /** What the subscriber got, as texts, in its order. */
  get delivered(): readonly string[] {
    return this.#delivered;
  }

  advance(ms: number): void {
    this.#nowMs += ms;
  }

  store(namespace: string, topic: string, message: Message, ttlSeconds = Infinity): void {
    const isOther = (entry: Entry) =>
      entry.namespace !== namespace || entry.message.id !== message.id;
    const expiresAtMs = this.#nowMs + ttlSeconds * 1000;
    this.#topics.set(topic, [
      ...this.#entries(topic).filter(isOther),
      { namespace, message, expiresAtMs },
    ]);
    if (this.#subscribed.has(topic)) this.#delivered.push(`${topic}: message ${message.id}`);
  }

  publish(channel: string, value: unknown): number {
    if (!this.#subscribed.has(channel)) return 0;
    this.#delivered.push(`${channel}: ${textOf(value)}`);
    return 1;
  }

  subscribe(topic: string): void {
    this.#subscribed.add(topic);
  }

  unsubscribe(topic: string): void {
    this.#subscribed.delete(topic);
  }

  /** The ids of a topic. */
  all(topic: string): bigint[] {
    return sorted(this.#entries(topic).map(({ message }) => message.id));
  }

  since(topic: string, id: bigint): bigint[] {
    const isLater = (other: bigint) =>
      timestampOf(other) > timestampOf(id) || timestampOf(other) === timestampOf(id) && other > id;
    return this.all(topic).filter(isLater);
  }

  next(topic: string, id: bigint): bigint | undefined {
    return this.since(topic, id)[0];
  }

  /** Those of the ids that a namespace has in some topic, in their order. */
  byId(namespace: string, ids: readonly bigint[]): bigint[] {
    const entries = [...this.#topics.keys()].flatMap((topic) => this.#entries(topic));
    const isThere = (id: bigint) =>
      entries.some((entry) => entry.namespace === namespace && entry.message.id === id);
    return ids.filter(isThere);
  }

  #entries(topic: string): Entry[] {
    return (this.#topics.get(topic) ?? []).filter((entry) => entry.expiresAtMs > this.#nowMs);
  }

  set(key: string, value: unknown): void {
    this.#keys.set(key, textOf(value));
  }

  get(key: string): string {
    const value = this.#keys.get(key) ?? textOf(null);
    return typeof value === "string" ? value : REFUSED;
  }

  hset(key: string, field: string, value: unknown): void | string {
    const hash = this.#keys.get(key) ?? new Map();
    if (!(hash instanceof Map)) return REFUSED;
    this.#keys.set(key, hash.set(field, textOf(value)));
  }

  hget(key: string, field: string): string {
    const hash = this.#keys.get(key) ?? new Map();
    return hash instanceof Map ? hash.get(field) ?? textOf(null) : REFUSED;
  }

  /** The number of new members. */
  sadd(key: string, members: readonly unknown[]): number | string {
    const set = this.#keys.get(key) ?? new Set();
    if (!(set instanceof Set)) return REFUSED;
    const before = set.size;
    for (const member of members) set.add(textOf(member));
    if (set.size > 0) this.#keys.set(key, set);
    return set.size - before;
  }

  smembers(key: string): string[] | string {
    const set = this.#keys.get(key) ?? new Set();
    return set instanceof Set ? [...set] : REFUSED;
  }
}

function sorted(ids: bigint[]): bigint[] {
  return ids.toSorted((a, b) => a < b ? -1 : a > b ? 1 : 0);
}
