/**
 * Groups of consumers of a stream: each entry goes to one consumer, and is pending until it is
 * acknowledged.
 *
 * @module
 */

import { TextMap } from "../../lib/base/text_map.ts";
import { IdTable } from "./id_table.ts";
import { ENTRY_BYTES } from "./memory_quota.ts";
import type { StreamId } from "./stream_id.ts";

/** Counts the memory of a stream. */
export interface Tally {
  bytes: number;
  entries: number;
}

/** An entry that a consumer has got and not acknowledged. */
export interface PendingEntry {
  consumer: Consumer;
  /** Milliseconds of the store's clock. */
  deliveredAtMs: number;
  deliveries: number;
}

/** A consumer. */
export interface Consumer {
  readonly name: string;
  /** Milliseconds of the store's clock at which it called last. */
  seenAtMs: number;
  /** The same for calls that gave it entries; undefined if there was none. */
  activeAtMs: number | undefined;
  readonly pending: IdTable<PendingEntry>;
}

/** A group. */
export class ConsumerGroup {
  readonly #consumers = new TextMap<Consumer>();
  readonly pending: IdTable<PendingEntry> = new IdTable();
  readonly #tally: Tally;

  constructor(
    readonly name: string,
    /** The last entry that was delivered. */
    public lastId: StreamId,
    /** Entries of the stream up to that one; undefined if it is not known. */
    public entriesRead: number | undefined,
    tally: Tally,
  ) {
    this.#tally = tally;
    this.#count(1, name.length);
  }

  #count(parts: number, textBytes: number): void {
    this.#tally.bytes += parts * ENTRY_BYTES + textBytes;
    this.#tally.entries += parts;
  }

  /** The consumers in the order of their names. */
  get consumers(): Consumer[] {
    return this.#consumers.values().toArray().sort((a, b) => a.name < b.name ? -1 : 1);
  }

  /** Number of consumers. */
  get consumerCount(): number {
    return this.#consumers.size;
  }

  /** A consumer, or undefined. */
  consumer(name: string): Consumer | undefined {
    return this.#consumers.get(name);
  }

  /** Adds a consumer that is new. */
  addConsumer(name: string, nowMs: number): Consumer {
    const pending = new IdTable<PendingEntry>();
    const consumer = { name, seenAtMs: nowMs, activeAtMs: undefined, pending };
    this.#consumers.set(name, consumer);
    this.#count(1, name.length);
    return consumer;
  }

  /** Removes a consumer with the entries that are pending for it. */
  deleteConsumer(consumer: Consumer): void {
    for (const [id] of consumer.pending.entries()) this.#deletePending(id);
    this.#consumers.delete(consumer.name);
    this.#count(-1, -consumer.name.length);
  }

  #deletePending(id: StreamId): PendingEntry | undefined {
    const entry = this.pending.delete(id);
    if (entry !== undefined) this.#count(-1, 0);
    return entry;
  }

  /** Makes an entry pending for a consumer, whoever had it before. */
  assign(id: StreamId, consumer: Consumer, deliveredAtMs: number, deliveries: number): void {
    const known = this.pending.get(id);
    if (known === undefined) {
      const entry = { consumer, deliveredAtMs, deliveries };
      this.pending.set(id, entry);
      consumer.pending.set(id, entry);
      this.#count(1, 0);
      return;
    }
    if (known.consumer !== consumer) {
      known.consumer.pending.delete(id);
      consumer.pending.set(id, known);
    }
    Object.assign(known, { consumer, deliveredAtMs, deliveries });
  }

  /** An entry is no longer pending; false if it was not. */
  release(id: StreamId): boolean {
    return this.#deletePending(id)?.consumer.pending.delete(id) !== undefined;
  }

  /** Gives back what it counts, before it is dropped. */
  drop(): void {
    for (const consumer of this.consumers) this.deleteConsumer(consumer);
    this.#count(-1, -this.name.length);
  }

  /** An equal group of another stream. */
  cloneFor(tally: Tally): ConsumerGroup {
    const copy = new ConsumerGroup(this.name, this.lastId, this.entriesRead, tally);
    for (const { name, seenAtMs, activeAtMs, pending } of this.consumers) {
      const consumer = copy.addConsumer(name, seenAtMs);
      consumer.activeAtMs = activeAtMs;
      for (const [id, { deliveredAtMs, deliveries }] of pending.entries()) {
        copy.assign(id, consumer, deliveredAtMs, deliveries);
      }
    }
    return copy;
  }
}
