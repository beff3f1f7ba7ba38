/**
 * The messages of a namespace, with an index for each field that filters, and one by expiry.
 *
 * @module
 */

import { TextMap } from "../../../lib/base/text_map.ts";
import type { MessageFilters } from "../types.ts";
import { DefaultMap } from "./default_map.ts";
import { byExpiry, bySequence, type QueueEntry } from "./entry.ts";
import { jsonBytes } from "./json_bytes.ts";
import { SortedList } from "./sorted_list.ts";

/** Bytes of the record of a journal that deletes a message, without its id. */
const DELETION_BYTES = 160;

const newIndex = () => new SortedList<QueueEntry>(bySequence);

/** Messages by id, and by the fields that filters name. */
export class MessageIndex {
  readonly #entries = new TextMap<QueueEntry>();
  /** Bytes of all ids in records. */
  #idBytes = 0;
  readonly #all = newIndex();
  readonly #byAcknowledged = new DefaultMap(newIndex);
  readonly #byChannel = new DefaultMap(newIndex);
  readonly #bySource = new DefaultMap(newIndex);
  readonly #byTarget = new DefaultMap(newIndex);
  readonly #byExpiry = new SortedList<QueueEntry>(byExpiry);

  /** The message of an id, or undefined. */
  get(id: string): QueueEntry | undefined {
    return this.#entries.get(id);
  }

  /** All messages, in the order of their entry. */
  values(): MapIterator<QueueEntry> {
    return this.#entries.values();
  }

  /** Most bytes that the records of a journal take which delete all messages one by one. */
  get removalBytes(): number {
    return DELETION_BYTES * this.#entries.size + this.#idBytes;
  }

  /** Number of messages. */
  get size(): number {
    return this.#entries.size;
  }

  /** When the next message expires. Undefined if none does. */
  get nextExpiryMs(): number | undefined {
    return this.#byExpiry.first?.deadlineMs ?? undefined;
  }

  /** Adds a message. */
  add(entry: QueueEntry): void {
    this.#entries.set(entry.id, entry);
    this.#idBytes += jsonBytes(entry.id);
    for (const index of this.#indexesOf(entry)) index.add(entry);
  }

  /** Removes a message. */
  remove(entry: QueueEntry): void {
    for (const index of this.#indexesOf(entry)) index.remove(entry);
    this.#entries.delete(entry.id);
    this.#idBytes -= jsonBytes(entry.id);
  }

  #indexesOf(entry: QueueEntry): SortedList<QueueEntry>[] {
    return [
      this.#all,
      this.#byAcknowledged.getOrCreate(String(entry.acknowledged)),
      this.#byChannel.getOrCreate(entry.channel),
      this.#bySource.getOrCreate(entry.source),
      this.#byTarget.getOrCreate(targetKey(entry.target)),
      ...(entry.deadlineMs === null ? [] : [this.#byExpiry]),
    ];
  }

  /** Marks a targeted message as acknowledged. */
  acknowledge(entry: QueueEntry, dateMs: number): void {
    this.#byAcknowledged.getOrCreate("false").remove(entry);
    this.#byAcknowledged.getOrCreate("true").add(entry);
    entry.acknowledged = true;
    entry.updatedMs = dateMs;
  }

  /** The messages that have expired. */
  expired(nowMs: number): QueueEntry[] {
    const expired: QueueEntry[] = [];
    for (const entry of this.#byExpiry.values()) {
      if (entry.deadlineMs! > nowMs) break;
      expired.push(entry);
    }
    return expired;
  }

  /** The messages of a channel, the oldest first. */
  ofChannel(channel: string): SortedList<QueueEntry> {
    return this.#byChannel.getOrCreate(channel);
  }

  /** The messages that match all filters, the newest first. Walks the smallest index that applies. */
  matching(filters: MessageFilters): IteratorObject<QueueEntry> {
    const { channel, sourceAgent, targetAgent, acknowledged } = filters;
    const none = newIndex();
    const indexes = [this.#all];
    if (channel !== undefined) indexes.push(this.#byChannel.get(channel) ?? none);
    if (sourceAgent !== undefined) indexes.push(this.#bySource.get(sourceAgent) ?? none);
    if (targetAgent !== undefined) {
      indexes.push(this.#byTarget.get(targetKey(targetAgent)) ?? none);
    }
    if (acknowledged !== undefined) {
      indexes.push(this.#byAcknowledged.get(String(acknowledged)) ?? none);
    }
    const smallest = indexes.reduce((a, b) => b.length < a.length ? b : a);
    return smallest.reversed().filter((entry) =>
      (channel === undefined || entry.channel === channel) &&
      (sourceAgent === undefined || entry.source === sourceAgent) &&
      (targetAgent === undefined || entry.target === targetAgent) &&
      (acknowledged === undefined || entry.acknowledged === acknowledged)
    );
  }
}

/** The key of a target. No agent has an empty name. */
function targetKey(target: string | null): string {
  return target ?? "";
}
