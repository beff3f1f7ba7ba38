/**
 * Keys with their values: each has one kind of value, and possibly a time to live. Keys are byte strings.
 * Every protocol works on them: `strings.ts`, `hashes.ts` and `sets.ts` for clients with texts and JSON,
 * the commands of RESP for clients with bytes.
 *
 * @module
 */

import type { Collection } from "./collection.ts";
import type { Counters } from "./counters.ts";
import { EntryTable, type ScanPart, type TableEntry } from "./entry_table.ts";
import { WrongTypeError } from "./errors.ts";
import { type Expiring, ExpiryHeap } from "./expiry.ts";
import type { HashValue } from "./hash_value.ts";
import type { ListValue } from "./list_value.ts";
import type { Lookahead } from "./lookahead.ts";
import { ENTRY_BYTES, type MemoryQuota } from "./memory_quota.ts";
import type { SetValue } from "./set_value.ts";
import type { SortedSetValue } from "./sorted_set_value.ts";
import type { StreamValue } from "./stream_value.ts";
import { detached } from "./text.ts";
import { storedBytes, type StringValue } from "./value.ts";

/** The types of values by kind. All but the first are collections. */
export interface Kinds {
  string: StringValue;
  hash: HashValue;
  set: SetValue;
  list: ListValue;
  zset: SortedSetValue;
  stream: StreamValue;
}

/** A kind of value. */
export type Kind = keyof Kinds;

/** A key with its value. */
export type KeyedValue = {
  [K in Kind]: {
    readonly key: string;
    readonly kind: K;
    readonly value: Kinds[K];
    /** Milliseconds of the store's clock; `Infinity`: never. */
    readonly expiresAtMs: number;
  };
}[Kind];

/** When something of a key expires: the key, or fields of its hash. */
class Deadline implements Expiring {
  isRemoved = false;

  constructor(readonly entry: KeyEntry, readonly expiresAtMs: number) {}
}

/** A key with its value, and their share of the quota. */
export class KeyEntry implements TableEntry {
  /** Bytes of key and value that count for `maxBytes`. */
  bytes = 0;
  /** Entries that the engine keeps for key and value. */
  entries = 0;
  /** When it expires, if it does. */
  deadline: Deadline | undefined = undefined;
  /** When the next field of its hash expires, if one does. */
  fieldDeadline: Deadline | undefined = undefined;
  /**
   * When a client used it last, in whole milliseconds since the store began: the engine keeps a small number in
   * the entry itself.
   */
  usedAfterMs = 0;
  order = 0;
  place = 0;
  /** True when it is no longer in its keyspace. */
  isRemoved = false;

  constructor(readonly key: string, public kind: Kind, public value: Kinds[Kind]) {}

  /** Milliseconds of the store's clock; `Infinity`: never. */
  get expiresAtMs(): number {
    return this.deadline?.expiresAtMs ?? Infinity;
  }
}

/** What keyspaces note when keys are used. */
export class KeyUses {
  /** Whole milliseconds from the begin of the store to the present call. */
  nowAfterMs = 0;
  /** False while reading a key is no use of it. */
  isCounted = true;
}

/** Hears of changes, after they were made. Must not throw. */
export interface KeyspaceObserver {
  /**
   * @param event name of the change in the words of Redis, such as `"set"`; undefined if another one tells it
   * @param kind kind of value that the event is about; undefined: of the key itself
   */
  changed(keys: Keyspace, key: string, event: string | undefined, kind: Kind | undefined): void;
}

/** What the keyspace uses of its store. */
export interface KeyspaceContext {
  readonly clock: () => number;
  readonly quota: MemoryQuota;
  readonly counters: Counters;
  /** Removes all messages and keys that have expired. */
  readonly sweep: () => void;
  readonly uses: KeyUses;
  /** Those that hear of changes of any keyspace of the store. */
  readonly observers: Set<KeyspaceObserver>;
}

/** All keys of one database of a store, of every kind. */
export class Keyspace {
  /** Number of the database. */
  readonly index: number;
  readonly #context: KeyspaceContext;
  #table = new EntryTable<KeyEntry>();
  #expiry = new ExpiryHeap<Deadline>();
  #fieldExpiry = new ExpiryHeap<Deadline>();

  constructor(context: KeyspaceContext, index = 0) {
    this.#context = context;
    this.index = index;
  }

  /** Number of keys. */
  get size(): number {
    return this.#table.size;
  }

  /** Number of keys and hashes with fields that will expire. */
  get expiringCount(): number {
    return this.#expiry.length + this.#fieldExpiry.length;
  }

  /** Number of keys that will expire. */
  get expiringKeys(): number {
    return this.#expiry.length;
  }

  /** Time of the next expiry of a key or a field; `Infinity` if there is none. */
  get nextExpiryMs(): number {
    return Math.min(this.#expiry.nextAtMs, this.#fieldExpiry.nextAtMs);
  }

  /** Time of the store's clock, in milliseconds. */
  get nowMs(): number {
    return this.#context.clock();
  }

  /** All keys with their values, in the order in which they were added. */
  entries(): Iterable<KeyEntry & KeyedValue> {
    return this.#table.values() as Iterable<KeyEntry & KeyedValue>;
  }

  /** A part of the keys: see `EntryTable.scan`. */
  scan(cursor: number, count: number): ScanPart<KeyEntry> {
    return this.#table.scan(cursor, count);
  }

  /** One of the keys at random; undefined if there is none. */
  random(): KeyEntry | undefined {
    return this.size === 0 ? undefined : this.#table.random();
  }

  /** Removes what has expired in the whole store. Every call of a client does this first. */
  sweep(): void {
    this.#context.sweep();
  }

  /** The entry of a key, of any kind; undefined if there is none. That is no use of the key. */
  find(key: string): KeyEntry | undefined {
    return this.#table.get(key);
  }

  /** The same, which counts as a use of the key. */
  findUsed(key: string): KeyEntry | undefined {
    const entry = this.#table.get(key);
    if (entry !== undefined && this.#context.uses.isCounted) this.use(entry);
    return entry;
  }

  /** Adds the entry of a key to those that are loaded before they are needed. */
  lookAhead(ahead: Lookahead, key: string): void {
    ahead.add(this.#table, key);
  }

  /** Adds a part of the value of a key, by its name. */
  lookAheadToPart(ahead: Lookahead, key: string, part: string): void {
    const entry = this.#table.get(key);
    if (entry === undefined || entry.kind === "string") return;
    const { table } = entry.value as Collection;
    if (table !== undefined) ahead.add(table, part);
  }

  /**
   * The entry of a key, or undefined.
   *
   * @throws {WrongTypeError} if the value is of another kind
   */
  entryOf(key: string, kind: Kind): KeyEntry | undefined {
    const entry = this.findUsed(key);
    if (entry === undefined || entry.kind === kind) return entry;
    throw new WrongTypeError(
      `the key ${JSON.stringify(key)} holds a ${entry.kind}: a command for a ${kind} cannot use it`,
    );
  }

  /**
   * The value of a key, or undefined.
   *
   * @throws {WrongTypeError} if the value is of another kind
   */
  get<K extends Kind>(key: string, kind: K): Kinds[K] | undefined {
    return this.entryOf(key, kind)?.value as Kinds[K] | undefined;
  }

  /** Reserves room for a change: bytes of texts, and entries. See `MemoryQuota.reserve`. */
  reserve(bytes: number, entries: number): void {
    this.#context.quota.reserve(bytes, entries);
  }

  /** Sets the value of a key, and replaces one of any kind. `event` names the change. */
  set<K extends Kind>(
    key: string,
    kind: K,
    value: Kinds[K],
    event: string | undefined,
    expiresAtMs = Infinity,
  ): KeyEntry {
    let entry = this.#table.get(key);
    if (entry === undefined) {
      entry = new KeyEntry(detached(key), kind, value);
      this.#table.add(entry);
    } else {
      this.#dropFieldDeadline(entry);
      entry.kind = kind;
      entry.value = value;
    }
    this.use(entry);
    if (entry.expiresAtMs !== expiresAtMs) this.expire(entry, expiresAtMs);
    this.#settle(entry);
    if (kind === "hash") this.#setFieldDeadline(entry);
    this.#notify(key, event, kind);
    return entry;
  }

  /** Replaces the value of a string. The key keeps its time to live. */
  replaceString(entry: KeyEntry, value: StringValue, event: string): void {
    entry.value = value;
    this.use(entry);
    this.#settle(entry);
    this.#notify(entry.key, event, "string");
  }

  /**
   * The value of a key as a collection, which is made if there is none. Call `changed` after the change, also
   * if nothing was added: that removes what is empty.
   *
   * @throws {WrongTypeError} if the value is of another kind
   */
  collection<K extends Exclude<Kind, "string">>(
    key: string,
    kind: K,
    make: () => Kinds[K],
  ): Kinds[K] {
    const found = this.get(key, kind);
    if (found !== undefined) return found;
    const value = make();
    this.#table.add(new KeyEntry(detached(key), kind, value));
    return value;
  }

  /** Reports a change of a value in place. An empty collection is removed. `event` names the change. */
  changed(key: string, event: string | undefined): void {
    const entry = this.#table.get(key);
    if (entry === undefined) return;
    const { kind } = entry;
    this.use(entry);
    this.#settle(entry);
    if (kind === "hash") this.#setFieldDeadline(entry);
    this.#notify(key, event, kind);
    if (kind === "string" || !(entry.value as Collection).isEmpty) return;
    this.#remove(entry);
    if (event !== undefined) this.#notify(key, "del", undefined);
  }

  /** Counts the size of a value after a change of which nobody hears, such as that of what is pending. */
  resized(key: string): void {
    const entry = this.#table.get(key);
    if (entry !== undefined) this.#settle(entry);
  }

  /** Notes that a client uses a key now. */
  use(entry: KeyEntry): void {
    entry.usedAfterMs = this.#context.uses.nowAfterMs;
  }

  /** Milliseconds since a client used a key. */
  idleMs(entry: KeyEntry): number {
    return Math.max(0, this.#context.uses.nowAfterMs - entry.usedAfterMs);
  }

  /** Counts the size of a value after its change. */
  #settle(entry: KeyEntry): void {
    const { key, kind, value } = entry;
    const isString = kind === "string";
    const size = isString ? storedBytes(value as StringValue) : (value as Collection).bytes;
    const bytes = size + key.length + ENTRY_BYTES;
    const entries = 1 + (isString ? 0 : (value as Collection).entries);
    if (bytes === entry.bytes && entries === entry.entries) return;
    this.#context.quota.charge(bytes - entry.bytes, entries - entry.entries);
    entry.bytes = bytes;
    entry.entries = entries;
  }

  /** Sets when a key expires; `Infinity`: never. */
  expire(entry: KeyEntry, atMs: number): void {
    if (entry.deadline !== undefined) release(this.#expiry, entry.deadline);
    entry.deadline = atMs === Infinity ? undefined : new Deadline(entry, atMs);
    if (entry.deadline !== undefined) this.#expiry.add(entry.deadline);
  }

  #setFieldDeadline(entry: KeyEntry): void {
    const atMs = (entry.value as HashValue).nextExpiryMs;
    if (atMs === (entry.fieldDeadline?.expiresAtMs ?? Infinity)) return;
    this.#dropFieldDeadline(entry);
    if (atMs === Infinity) return;
    entry.fieldDeadline = new Deadline(entry, atMs);
    this.#fieldExpiry.add(entry.fieldDeadline);
  }

  #dropFieldDeadline(entry: KeyEntry): void {
    if (entry.fieldDeadline !== undefined) release(this.#fieldExpiry, entry.fieldDeadline);
    entry.fieldDeadline = undefined;
  }

  /** Reports something that happened to a key and did not change its value, such as `"expire"`. */
  touched(key: string, event: string | undefined): void {
    this.#notify(key, event, undefined);
  }

  #notify(key: string, event: string | undefined, kind: Kind | undefined): void {
    for (const observer of this.#context.observers) observer.changed(this, key, event, kind);
  }

  /** Deletes a key of any kind; false if there was none. `event` names the change. */
  delete(key: string, event = "del"): boolean {
    const entry = this.#table.get(key);
    if (entry === undefined) return false;
    this.#remove(entry);
    this.#context.counters.deleted++;
    this.#notify(key, event, undefined);
    return true;
  }

  /**
   * Moves a value with its time to live to another key, and replaces what that holds. The events name the
   * change of both keys.
   */
  move(entry: KeyEntry, target: Keyspace, key: string, events: readonly [string, string]): void {
    const { kind, value, expiresAtMs } = entry;
    this.#remove(entry);
    this.#notify(entry.key, events[0], undefined);
    target.set(key, kind, value, undefined, expiresAtMs);
    target.#notify(key, events[1], undefined);
  }

  /** Removes an entry, and releases its share of the quota. The value may be used again. */
  #remove(entry: KeyEntry): void {
    this.#table.delete(entry.key);
    this.#context.quota.charge(-entry.bytes, -entry.entries);
    entry.bytes = entry.entries = 0;
    entry.isRemoved = true;
    if (entry.deadline !== undefined) release(this.#expiry, entry.deadline);
    this.#dropFieldDeadline(entry);
  }

  /** Removes the keys and the fields that have expired. */
  removeExpired(nowMs: number): void {
    for (
      let due = this.#expiry.popDue(nowMs);
      due !== undefined;
      due = this.#expiry.popDue(nowMs)
    ) {
      due.entry.deadline = undefined;
      this.#remove(due.entry);
      this.#context.counters.expired++;
      this.#notify(due.entry.key, "expired", undefined);
    }
    this.#removeExpiredFields(nowMs);
  }

  #removeExpiredFields(nowMs: number): void {
    for (
      let due = this.#fieldExpiry.popDue(nowMs);
      due !== undefined;
      due = this.#fieldExpiry.popDue(nowMs)
    ) {
      due.entry.fieldDeadline = undefined;
      this.#context.counters.expired += (due.entry.value as HashValue).removeExpired(nowMs);
      this.changed(due.entry.key, "hexpired");
    }
  }

  /** Deletes all keys. */
  clear(): void {
    this.#context.counters.deleted += this.size;
    for (const entry of [...this.#table.values()]) {
      this.#remove(entry);
      this.#notify(entry.key, undefined, undefined);
    }
  }

  /** Exchanges all keys with those of another database. */
  swapWith(other: Keyspace): void {
    const keys = new Set(
      [this, other].flatMap((each) => [...each.#table.values()].map((e) => e.key)),
    );
    [this.#table, other.#table] = [other.#table, this.#table];
    [this.#expiry, other.#expiry] = [other.#expiry, this.#expiry];
    [this.#fieldExpiry, other.#fieldExpiry] = [other.#fieldExpiry, this.#fieldExpiry];
    for (const key of keys) {
      this.#notify(key, undefined, undefined);
      other.#notify(key, undefined, undefined);
    }
  }
}

function release(heap: ExpiryHeap<Deadline>, deadline: Deadline): void {
  deadline.isRemoved = true;
  heap.markRemoved(deadline);
}
