/**
 * Messages that were published for later.
 *
 * @module
 */

import { DefaultMap } from "./default_map.ts";
import { byDueTime, type QueueEntry } from "./entry.ts";
import { SortedList } from "./sorted_list.ts";

const newList = () => new SortedList<QueueEntry>(byDueTime);

/** Messages that are not due yet, the next one first. */
export class DelayedMessages {
  readonly #all = newList();
  readonly #byChannel = new DefaultMap(newList);

  /** Adds a message with its time. */
  add(entry: QueueEntry): void {
    this.#all.add(entry);
    this.#byChannel.getOrCreate(entry.channel).add(entry);
  }

  /** Removes a message. */
  remove(entry: QueueEntry): void {
    if (entry.readyAtMs === null) return;
    this.#all.remove(entry);
    this.#byChannel.get(entry.channel)?.remove(entry);
  }

  /** Removes the next message if it is due, and returns it. */
  takeDue(nowMs: number): QueueEntry | undefined {
    const entry = this.#all.first;
    if (entry === undefined || entry.readyAtMs! > nowMs) return undefined;
    this.remove(entry);
    entry.readyAtMs = null;
    return entry;
  }

  /** The messages of a channel, or of all. */
  of(channel: string | undefined): IteratorObject<QueueEntry> {
    const list = channel === undefined ? this.#all : this.#byChannel.get(channel);
    return list?.values() ?? [].values();
  }

  /** When the next message of a channel, or of all, is due. */
  nextDueMs(channel?: string): number | undefined {
    const list = channel === undefined ? this.#all : this.#byChannel.get(channel);
    return list?.first?.readyAtMs ?? undefined;
  }
}
