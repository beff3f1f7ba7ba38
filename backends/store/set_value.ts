/**
 * A set: members, each once.
 *
 * @module
 */

import type { Collection } from "./collection.ts";
import { EntryTable, type TableEntry } from "./entry_table.ts";
import { ENTRY_BYTES } from "./memory_quota.ts";
import { JsonText, storedBytes, type StoredText } from "./value.ts";

/** Begins the identity of a member that is JSON: no byte string has this character. */
const JSON_MARK = "\u0100";

/** Most members of a set in the forms of Redis for whole numbers, and for short texts; bytes of such a text. */
const MAX_INTEGERS = 512;
const MAX_PACKED_MEMBERS = 128;
const MAX_PACKED_BYTES = 64;
const INTEGER = /^(?:0|-?[1-9]\d{0,17})$/;

/** A member of a set. Its key is its identity. */
export interface SetMember extends TableEntry {
  readonly value: StoredText;
}

/** What identifies a member: a text and other JSON are different, also if they read the same. */
export function identityOf(member: StoredText): string {
  return member instanceof JsonText ? JSON_MARK + member.text : member;
}

/** The members of a key. */
export class SetValue implements Collection {
  bytes = 0;
  readonly members: EntryTable<SetMember> = new EntryTable();

  get table(): EntryTable<SetMember> {
    return this.members;
  }

  get entries(): number {
    return this.members.size;
  }

  get isEmpty(): boolean {
    return this.members.size === 0;
  }

  get encoding(): string {
    if (this.#hasIntegersOnly(MAX_INTEGERS)) return "intset";
    const isSmall = this.members.size <= MAX_PACKED_MEMBERS &&
      this.members.values().every(({ value }) => storedBytes(value) <= MAX_PACKED_BYTES);
    return isSmall ? "listpack" : "hashtable";
  }

  #hasIntegersOnly(most: number): boolean {
    return this.members.size <= most &&
      this.members.values().every(({ value }) => typeof value === "string" && INTEGER.test(value));
  }

  clone(): this {
    const copy = new SetValue();
    for (const { value } of this.members.values()) copy.add(value);
    return copy as this;
  }

  /** True if a text is a member. */
  has(member: string): boolean {
    return this.members.has(member);
  }

  /** Adds a member; true if it is new. */
  add(value: StoredText): boolean {
    const key = identityOf(value);
    if (this.members.has(key)) return false;
    this.members.add({ key, value, order: 0, place: 0 });
    this.bytes += storedBytes(value) + ENTRY_BYTES;
    return true;
  }

  /** Removes a member; false if there was none. */
  delete(value: StoredText): boolean {
    const removed = this.members.delete(identityOf(value));
    if (removed === undefined) return false;
    this.bytes -= storedBytes(removed.value) + ENTRY_BYTES;
    return true;
  }
}
