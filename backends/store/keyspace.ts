/**
 * Keys with their values: each has one kind of value, and possibly a time to live.
 *
 * @module
 */

import { TextMap } from "../../lib/base/text_map.ts";
import { ENTRY_BYTES, type MemoryQuota } from "./memory_quota.ts";
import type { Counters } from "./counters.ts";
import { WrongTypeError } from "./errors.ts";
import { type Expiring, ExpiryHeap } from "./expiry.ts";
import { detached, textBytes } from "./text.ts";
import { checkKey, type Value } from "./value.ts";

/** The types of values by kind. The members of a set are identified by the map keys of their JSON texts. */
export interface Kinds {
  string: Value;
  hash: TextMap<Value>;
  set: Map<string, Value>;
}

/** A kind of value. */
export type Kind = keyof Kinds;

/** A key with its value. */
export type KeyedValue = {
  [K in Kind]: {
    readonly key: string;
    readonly kind: K;
    readonly value: Kinds[K];
    /** Milliseconds of the store's clock; `Infinity`: never. */
    readonly expiresAtMs: number;
  };
}[Kind];

/** A key with its value, and their share of the quota. */
class KeyEntry implements Expiring {
  isRemoved = false;
  /** Bytes of key and value that count for `maxBytes`. */
  bytes = 0;
  /** Entries that the engine keeps for key and value. */
  entries = 1;

  constructor(
    readonly key: string,
    readonly kind: Kind,
    readonly value: Kinds[Kind],
    readonly expiresAtMs: number,
  ) {}
}

/** What the keyspace uses of its store. */
export interface KeyspaceContext {
  readonly clock: () => number;
  readonly quota: MemoryQuota;
  readonly counters: Counters;
  /** Removes all messages and keys that have expired. */
  readonly sweep: () => void;
}

/** All keys of a store, of every kind. */
export class Keyspace {
  readonly #context: KeyspaceContext;
  readonly #entries = new TextMap<KeyEntry>();
  readonly #expiry = new ExpiryHeap<KeyEntry>();

  constructor(context: KeyspaceContext) {
    this.#context = context;
  }

  /** Number of keys. */
  get size(): number {
    return this.#entries.size;
  }

  /** All keys with their values. */
  entries(): Iterable<KeyedValue> {
    return this.#entries.values() as Iterable<KeyedValue>;
  }

  /** Number of keys that will expire. */
  get expiringCount(): number {
    return this.#expiry.length;
  }

  /** Time of the next expiry of a key; `Infinity` if there is none. */
  get nextExpiryMs(): number {
    return this.#expiry.nextAtMs;
  }

  /**
   * The value of a key, or undefined.
   *
   * @throws {WrongTypeError} if the value is of another kind
   */
  get<K extends Kind>(key: string, kind: K): Kinds[K] | undefined {
    checkKey("key", key);
    this.#context.sweep();
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.kind === kind) return entry?.value as Kinds[K] | undefined;
    throw new WrongTypeError(
      `the key ${JSON.stringify(key)} holds a ${entry.kind}: a command for a ${kind} cannot use it`,
    );
  }

  /** Sets the value of a key, of any kind. With a lifetime of 0 the key is gone at once. */
  put<K extends Kind>(
    key: string,
    kind: K,
    value: Kinds[K],
    bytes: number,
    entries: number,
    lifetimeSeconds?: number,
  ): void {
    checkKey("key", key);
    const expiresAtMs = lifetimeSeconds === undefined
      ? Infinity
      : this.#context.clock() + lifetimeSeconds * 1000;
    this.#context.sweep();
    const former = this.#entries.get(key);
    if (lifetimeSeconds === 0) {
      if (former !== undefined) this.#remove(former);
      this.#context.counters.expired++;
      return;
    }
    const entry = new KeyEntry(detached(key), kind, value, expiresAtMs);
    entry.bytes = bytes + textBytes(key) + ENTRY_BYTES;
    entry.entries += entries;
    this.#context.quota.charge(
      entry.bytes - (former?.bytes ?? 0),
      entry.entries - (former?.entries ?? 0),
    );
    if (former !== undefined) this.#forget(former);
    this.#entries.set(entry.key, entry);
    this.#expiry.add(entry);
  }

  /**
   * Reserves bytes and entries for a change of the value of a key (bytes less than 0 if it shrinks), and
   * returns the value.
   * A key that does not exist gets a new value.
   *
   * @throws {WrongTypeError} if the value is of another kind
   * @throws {StoreFullError} if there is not enough space; then nothing has changed
   */
  grow<K extends Kind>(
    key: string,
    kind: K,
    bytes: number,
    entries: number,
    make: () => Kinds[K],
  ): Kinds[K] {
    const found = this.get(key, kind);
    if (found === undefined) {
      const made = make();
      this.put(key, kind, made, bytes, entries);
      return made;
    }
    this.#context.quota.charge(bytes, entries);
    const entry = this.#entries.get(key)!;
    entry.bytes += bytes;
    entry.entries += entries;
    return found;
  }

  /** Deletes a key of any kind; false if there was none. */
  delete(key: string): boolean {
    this.#context.sweep();
    const entry = this.#entries.get(key);
    if (entry === undefined) return false;
    this.#remove(entry);
    this.#context.counters.deleted++;
    return true;
  }

  #remove(entry: KeyEntry): void {
    this.#entries.delete(entry.key);
    this.#context.quota.charge(-entry.bytes, -entry.entries);
    this.#forget(entry);
  }

  #forget(entry: KeyEntry): void {
    entry.isRemoved = true;
    this.#expiry.markRemoved(entry);
  }

  /** Removes the keys that have expired. */
  removeExpired(nowMs: number): void {
    for (
      let due = this.#expiry.popDue(nowMs);
      due !== undefined;
      due = this.#expiry.popDue(nowMs)
    ) {
      this.#remove(due);
      this.#context.counters.expired++;
    }
  }

  /** Deletes all keys. */
  clear(): void {
    this.#context.counters.deleted += this.#entries.size;
    for (const entry of [...this.#entries.values()]) this.#remove(entry);
  }
}
