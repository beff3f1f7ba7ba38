/**
 * Keys that hold members, each once.
 *
 * @module
 */

import { mapKey } from "../../lib/base/text_map.ts";
import { ENTRY_BYTES } from "./memory_quota.ts";
import type { Keyspace } from "./keyspace.ts";
import { type Value, valueBytes, valueToJson } from "./value.ts";

/** The sets of a store. */
export class Sets {
  readonly #keys: Keyspace;

  constructor(keys: Keyspace) {
    this.#keys = keys;
  }

  /** Adds members; returns the number of new ones. */
  add(key: string, members: readonly Value[]): number {
    const known = this.#keys.get(key, "set");
    const added = new Map(
      members.map((member): [string, Value] => [mapKey(valueToJson(member)), member])
        .filter(([identity]) => !known?.has(identity)),
    );
    if (added.size === 0) return 0;
    let bytes = 0;
    for (const member of added.values()) bytes += valueBytes(member) + ENTRY_BYTES;
    const set = this.#keys.grow(key, "set", bytes, added.size, () => new Map());
    for (const [identity, member] of added) set.set(identity, member);
    return added.size;
  }

  /** The members, in the order in which they were added. */
  members(key: string): Value[] {
    return [...this.#keys.get(key, "set")?.values() ?? []];
  }
}
