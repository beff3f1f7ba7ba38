/**
 * Keys that hold fields, each with a value, for clients with texts and JSON.
 *
 * @module
 */

import { bytesOfText, textOfBytes } from "./byte_string.ts";
import { HashValue } from "./hash_value.ts";
import type { Keyspace } from "./keyspace.ts";
import { ENTRY_BYTES } from "./memory_quota.ts";
import { checkKey, storedBytes, storedOf, type Value, valueOfStored } from "./value.ts";

/** The hashes of a store. */
export class Hashes {
  readonly #keys: Keyspace;

  constructor(keys: Keyspace) {
    this.#keys = keys;
  }

  /** Sets a field; true if it is new. */
  set(key: string, field: string, value: Value): boolean {
    const [id, name] = this.#names(key, field);
    const stored = storedOf(value);
    const hash = this.#keys.get(id, "hash");
    const former = hash?.get(name);
    const keyBytes = hash === undefined ? id.length + ENTRY_BYTES : 0;
    const fieldBytes = former === undefined ? name.length + ENTRY_BYTES : -storedBytes(former);
    const bytes = keyBytes + fieldBytes + storedBytes(stored);
    const entries = Number(hash === undefined) + Number(former === undefined);
    if (bytes > 0) this.#keys.reserve(bytes, entries);
    const isNew = this.#keys.collection(id, "hash", () => new HashValue()).set(name, stored);
    this.#keys.changed(id, "hset");
    return isNew;
  }

  /** The value of a field, or undefined. */
  get(key: string, field: string): Value | undefined {
    const [id, name] = this.#names(key, field);
    const stored = this.#keys.get(id, "hash")?.get(name);
    return stored === undefined ? undefined : valueOfStored(stored);
  }

  /** All fields with their values, in the order in which they were added. */
  all(key: string): [name: string, value: Value][] {
    const [id] = this.#names(key, "");
    const fields = this.#keys.get(id, "hash")?.fields.values() ?? [];
    return [...fields].map(({ key: name, value }) => [textOfBytes(name), valueOfStored(value)]);
  }

  #names(key: string, field: string): [string, string] {
    checkKey("field", field);
    checkKey("key", key);
    this.#keys.sweep();
    return [bytesOfText(key), bytesOfText(field)];
  }
}
