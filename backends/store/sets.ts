/**
 * Keys that hold members, each once, for clients with texts and JSON.
 *
 * @module
 */

import { bytesOfText } from "./byte_string.ts";
import type { Keyspace } from "./keyspace.ts";
import { ENTRY_BYTES } from "./memory_quota.ts";
import { identityOf, SetValue } from "./set_value.ts";
import {
  checkKey,
  storedBytes,
  storedOf,
  type StoredText,
  type Value,
  valueOfStored,
} from "./value.ts";

/** The sets of a store. */
export class Sets {
  readonly #keys: Keyspace;

  constructor(keys: Keyspace) {
    this.#keys = keys;
  }

  /** Adds members; returns the number of new ones. */
  add(key: string, members: readonly Value[]): number {
    const id = this.#id(key);
    const known = this.#keys.get(id, "set");
    const added = members.map(storedOf).filter((member) =>
      known === undefined || !known.has(identityOf(member))
    );
    if (added.length === 0) return 0;
    this.#reserve(id, added, known === undefined);
    const set = this.#keys.collection(id, "set", () => new SetValue());
    const count = added.filter((member) => set.add(member)).length;
    this.#keys.changed(id, "sadd");
    return count;
  }

  #reserve(id: string, added: readonly StoredText[], isNew: boolean): void {
    let bytes = isNew ? id.length + ENTRY_BYTES : 0;
    for (const member of added) bytes += storedBytes(member) + ENTRY_BYTES;
    this.#keys.reserve(bytes, added.length + Number(isNew));
  }

  /** Removes members; returns their number. */
  remove(key: string, members: readonly Value[]): number {
    const id = this.#id(key);
    const set = this.#keys.get(id, "set");
    if (set === undefined) return 0;
    const removed = members.filter((member) => set.delete(storedOf(member))).length;
    if (removed > 0) this.#keys.changed(id, "srem");
    return removed;
  }

  /** The members, in the order in which they were added. */
  members(key: string): Value[] {
    const set = this.#keys.get(this.#id(key), "set");
    return set === undefined
      ? []
      : set.members.values().map(({ value }) => valueOfStored(value)).toArray();
  }

  #id(key: string): string {
    checkKey("key", key);
    this.#keys.sweep();
    return bytesOfText(key);
  }
}
