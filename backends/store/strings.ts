/**
 * Keys that hold one value, for clients with texts and JSON.
 *
 * @module
 */

import { bytesOfText } from "./byte_string.ts";
import type { Counters } from "./counters.ts";
import type { Keyspace } from "./keyspace.ts";
import { ENTRY_BYTES } from "./memory_quota.ts";
import { lifetimeOf } from "./names.ts";
import { checkKey, storedBytes, storedOf, type Value, valueOfStored } from "./value.ts";

/** The strings of a store. */
export class Strings {
  readonly #keys: Keyspace;
  readonly #counters: Counters;

  constructor(keys: Keyspace, counters: Counters) {
    this.#keys = keys;
    this.#counters = counters;
  }

  /** Sets a key of any kind, with or without a time to live. With a time that has passed it is gone at once. */
  set(key: string, value: Value, ttlSeconds?: number): void {
    checkKey("key", key);
    const lifetimeSeconds = lifetimeOf(ttlSeconds);
    const startMs = lifetimeSeconds === undefined ? Infinity : this.#keys.nowMs;
    this.#keys.sweep();
    const id = bytesOfText(key);
    if (lifetimeSeconds === 0) {
      this.#keys.delete(id);
      this.#counters.expired++;
      return;
    }
    const stored = storedOf(value);
    this.#reserve(id, storedBytes(stored));
    this.#keys.set(id, "string", stored, "set", startMs + (lifetimeSeconds ?? 0) * 1000);
  }

  /** Makes room for a value. What it replaces counts until it is replaced, unless that has the room. */
  #reserve(id: string, valueBytes: number): void {
    const former = this.#keys.find(id);
    const bytes = id.length + valueBytes + ENTRY_BYTES - (former?.bytes ?? 0);
    const entries = 1 - (former?.entries ?? 0);
    if (bytes > 0 || entries > 0) this.#keys.reserve(bytes, entries);
  }

  /** The value of a key, or undefined. */
  get(key: string): Value | undefined {
    checkKey("key", key);
    this.#keys.sweep();
    const stored = this.#keys.get(bytesOfText(key), "string");
    return stored === undefined ? undefined : valueOfStored(stored);
  }
}
