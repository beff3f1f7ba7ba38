/**
 * A hash: fields with values. A field may have a time to live of its own.
 *
 * @module
 */

import type { Collection } from "./collection.ts";
import { EntryTable, type TableEntry } from "./entry_table.ts";
import { ENTRY_BYTES } from "./memory_quota.ts";
import { storedBytes, type StoredText } from "./value.ts";

/** Most fields of a hash in the packed form of Redis, and most bytes of a name or a value in it. */
const MAX_PACKED_FIELDS = 128;
const MAX_PACKED_BYTES = 64;

/** A field of a hash. */
export interface HashField extends TableEntry {
  value: StoredText;
  /** Milliseconds of the store's clock; `Infinity`: never. */
  expiresAtMs: number;
}

/** The fields of a key. */
export class HashValue implements Collection {
  bytes = 0;
  readonly fields: EntryTable<HashField> = new EntryTable();
  /** Fields with a time to live. */
  expiringCount = 0;

  get entries(): number {
    return this.fields.size;
  }

  get isEmpty(): boolean {
    return this.fields.size === 0;
  }

  get encoding(): string {
    const isSmall = this.fields.size <= MAX_PACKED_FIELDS &&
      this.fields.values().every(({ key, value }) =>
        key.length <= MAX_PACKED_BYTES && storedBytes(value) <= MAX_PACKED_BYTES
      );
    if (!isSmall) return "hashtable";
    return this.expiringCount > 0 ? "listpackex" : "listpack";
  }

  clone(): this {
    const copy = new HashValue();
    for (const field of this.fields.values()) {
      copy.set(field.key, field.value);
      copy.expire(copy.fields.get(field.key)!, field.expiresAtMs);
    }
    return copy as this;
  }

  /** The value of a field, or undefined. */
  get(name: string): StoredText | undefined {
    return this.fields.get(name)?.value;
  }

  /** Sets a field, which then has no time to live unless it keeps it; true if it is new. */
  set(name: string, value: StoredText, keepsExpiry = false): boolean {
    const field = this.fields.get(name);
    if (field !== undefined) {
      this.bytes += storedBytes(value) - storedBytes(field.value);
      field.value = value;
      if (!keepsExpiry) this.expire(field, Infinity);
      return false;
    }
    this.fields.add({
      key: name,
      value,
      expiresAtMs: Infinity,
      order: 0,
      place: 0,
      next: undefined,
    });
    this.bytes += name.length + storedBytes(value) + ENTRY_BYTES;
    return true;
  }

  /** Removes a field; false if there was none. */
  delete(name: string): boolean {
    const field = this.fields.delete(name);
    if (field === undefined) return false;
    this.bytes -= name.length + storedBytes(field.value) + ENTRY_BYTES;
    if (field.expiresAtMs !== Infinity) this.expiringCount--;
    return true;
  }

  /** Sets when a field expires; `Infinity`: never. */
  expire(field: HashField, atMs: number): void {
    this.expiringCount += Number(atMs !== Infinity) - Number(field.expiresAtMs !== Infinity);
    field.expiresAtMs = atMs;
  }

  /** Time of the next expiry of a field; `Infinity` if there is none. */
  get nextExpiryMs(): number {
    if (this.expiringCount === 0) return Infinity;
    return this.fields.values().reduce(
      (least, field) => Math.min(least, field.expiresAtMs),
      Infinity,
    );
  }

  /** Removes the fields that have expired; returns their number. */
  removeExpired(nowMs: number): number {
    const due = this.fields.values().filter((field) => field.expiresAtMs <= nowMs).toArray();
    for (const { key } of due) this.delete(key);
    return due.length;
  }
}
