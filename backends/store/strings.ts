/**
 * Keys that hold one value.
 *
 * @module
 */

import type { Keyspace } from "./keyspace.ts";
import { lifetimeOf } from "./names.ts";
import { type Value, valueBytes } from "./value.ts";

/** The strings of a store. */
export class Strings {
  readonly #keys: Keyspace;

  constructor(keys: Keyspace) {
    this.#keys = keys;
  }

  /** Sets a key of any kind, with or without a time to live. */
  set(key: string, value: Value, ttlSeconds?: number): void {
    this.#keys.put(key, "string", value, valueBytes(value), 0, lifetimeOf(ttlSeconds));
  }

  /** The value of a key, or undefined. */
  get(key: string): Value | undefined {
    return this.#keys.get(key, "string");
  }
}
