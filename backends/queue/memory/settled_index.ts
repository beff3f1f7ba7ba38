/**
 * The messages of each channel that no agent works on any more. They are trimmed before those that wait.
 *
 * @module
 */

import { DefaultMap } from "./default_map.ts";
import { bySequence, type Delivery, type QueueEntry } from "./entry.ts";
import { SortedList } from "./sorted_list.ts";

const newIndex = () => new SortedList<QueueEntry>(bySequence);

/** Settled messages by channel: those that all agents acknowledged, and those that are dead letters. */
export class SettledIndex {
  readonly #done = new DefaultMap(newIndex);
  readonly #dead = new DefaultMap(newIndex);
  readonly #places = new Map<QueueEntry, SortedList<QueueEntry>>();

  /** Finds the place of a message whose deliveries have changed. */
  update(entry: QueueEntry): void {
    const place = this.#placeOf(entry);
    if (place === this.#places.get(entry)) return;
    this.remove(entry);
    if (place === undefined) return;
    place.add(entry);
    this.#places.set(entry, place);
  }

  #placeOf({ channel, deliveries }: QueueEntry): SortedList<QueueEntry> | undefined {
    const has = (state: Delivery["state"]) =>
      deliveries.values().some((delivery) => delivery.state === state);
    if (has("pending")) return undefined;
    if (has("dead")) return this.#dead.getOrCreate(channel);
    return has("acknowledged") ? this.#done.getOrCreate(channel) : undefined;
  }

  /** Removes a message. */
  remove(entry: QueueEntry): void {
    this.#places.get(entry)?.remove(entry);
    this.#places.delete(entry);
  }

  /** The settled message of a channel that goes first. */
  first(channel: string): QueueEntry | undefined {
    return this.#done.get(channel)?.at(0) ?? this.#dead.get(channel)?.at(0);
  }
}
