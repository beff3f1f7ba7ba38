/**
 * Keys that hold fields, each with a value.
 *
 * @module
 */

import { TextMap } from "../../lib/base/text_map.ts";
import { ENTRY_BYTES } from "./memory_quota.ts";
import type { Keyspace } from "./keyspace.ts";
import { detached, textBytes } from "./text.ts";
import { checkKey, type Value, valueBytes } from "./value.ts";

/** The hashes of a store. */
export class Hashes {
  readonly #keys: Keyspace;

  constructor(keys: Keyspace) {
    this.#keys = keys;
  }

  /** Sets a field; true if it is new. */
  set(key: string, field: string, value: Value): boolean {
    checkKey("field", field);
    const old = this.get(key, field);
    const fieldBytes = old === undefined ? textBytes(field) + ENTRY_BYTES : -valueBytes(old);
    const hash = this.#keys.grow(
      key,
      "hash",
      fieldBytes + valueBytes(value),
      Number(old === undefined),
      () => new TextMap(),
    );
    hash.set(detached(field), value);
    return old === undefined;
  }

  /** The value of a field, or undefined. */
  get(key: string, field: string): Value | undefined {
    checkKey("field", field);
    return this.#keys.get(key, "hash")?.get(field);
  }
}
