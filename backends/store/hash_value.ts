/**
 * A hash: fields with values. A field may have a time to live of its own.
 *
 * @module
 */

import type { Collection } from "./collection.ts";
import { EntryTable, type TableEntry } from "./entry_table.ts";
import { type Expiring, ExpiryHeap } from "./expiry.ts";
import { ENTRY_BYTES } from "./memory_quota.ts";
import { storedBytes, type StoredText } from "./value.ts";

/** Most fields of a hash in the packed form of Redis, and most bytes of a name or a value in it. */
const MAX_PACKED_FIELDS = 128;
const MAX_PACKED_BYTES = 64;

/** When a field expires. */
class FieldDeadline implements Expiring {
  isRemoved = false;

  constructor(readonly field: HashField, readonly expiresAtMs: number) {}
}

/** A field of a hash. */
export class HashField implements TableEntry {
  order = 0;
  place = 0;
  /** When it expires, if it does. */
  deadline: FieldDeadline | undefined = undefined;

  constructor(readonly key: string, public value: StoredText) {}

  /** Milliseconds of the store's clock; `Infinity`: never. */
  get expiresAtMs(): number {
    return this.deadline?.expiresAtMs ?? Infinity;
  }
}

/** The fields of a key. */
export class HashValue implements Collection {
  bytes = 0;
  readonly fields: EntryTable<HashField> = new EntryTable();
  /** The fields with a time to live; undefined if no field ever had one. */
  #deadlines: ExpiryHeap<FieldDeadline> | undefined;

  /** Fields with a time to live. */
  get expiringCount(): number {
    return this.#deadlines?.length ?? 0;
  }

  get table(): EntryTable<HashField> {
    return this.fields;
  }

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
    this.fields.add(new HashField(name, value));
    this.bytes += name.length + storedBytes(value) + ENTRY_BYTES;
    return true;
  }

  /** Removes a field; false if there was none. */
  delete(name: string): boolean {
    const field = this.fields.delete(name);
    if (field === undefined) return false;
    this.bytes -= name.length + storedBytes(field.value) + ENTRY_BYTES;
    this.#dropDeadline(field);
    return true;
  }

  /** Sets when a field expires; `Infinity`: never. */
  expire(field: HashField, atMs: number): void {
    this.#dropDeadline(field);
    if (atMs === Infinity) return;
    field.deadline = new FieldDeadline(field, atMs);
    (this.#deadlines ??= new ExpiryHeap()).add(field.deadline);
  }

  #dropDeadline(field: HashField): void {
    if (field.deadline === undefined) return;
    field.deadline.isRemoved = true;
    this.#deadlines!.markRemoved(field.deadline);
    field.deadline = undefined;
  }

  /** Time of the next expiry of a field; `Infinity` if there is none. */
  get nextExpiryMs(): number {
    return this.#deadlines?.nextAtMs ?? Infinity;
  }

  /** Removes the fields that have expired; returns their number. */
  removeExpired(nowMs: number): number {
    let removed = 0;
    for (
      let due = this.#deadlines?.popDue(nowMs);
      due !== undefined;
      due = this.#deadlines?.popDue(nowMs)
    ) {
      due.field.deadline = undefined;
      this.delete(due.field.key);
      removed++;
    }
    return removed;
  }
}
