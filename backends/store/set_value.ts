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

  get entries(): number {
    return this.members.size;
  }

  get isEmpty(): boolean {
    return this.members.size === 0;
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
