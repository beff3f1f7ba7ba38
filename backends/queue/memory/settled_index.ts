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

  /** Finds the place of a message whose deliveries have changed. True if it is settled only now. */
  update(entry: QueueEntry): boolean {
    const place = this.#placeOf(entry);
    const former = this.#places.get(entry);
    if (place === former) return false;
    this.remove(entry);
    if (place === undefined) return false;
    place.add(entry);
    this.#places.set(entry, place);
    return former === undefined;
  }

  /** Whether no agent works on a message any more. */
  has(entry: QueueEntry): boolean {
    return this.#places.has(entry);
  }

  /** Whether all agents have acknowledged a message. */
  isDone(entry: QueueEntry): boolean {
    const place = this.#places.get(entry);
    return place !== undefined && place === this.#done.get(entry.channel);
  }

  /** Number of settled messages of a channel. */
  count(channel: string): number {
    return (this.#done.get(channel)?.length ?? 0) + (this.#dead.get(channel)?.length ?? 0);
  }

  /** The dead letters, or the done messages, of a channel. */
  of(channel: string, state: "done" | "dead"): QueueEntry[] {
    const index = state === "done" ? this.#done : this.#dead;
    return [...index.get(channel)?.values() ?? []];
  }

  #placeOf({ channel, deliveries, isAbandoned }: QueueEntry): SortedList<QueueEntry> | undefined {
    const has = (state: Delivery["state"]) =>
      deliveries.values().some((delivery) => delivery.state === state);
    if (has("pending")) return undefined;
    if (has("dead")) return this.#dead.getOrCreate(channel);
    return has("acknowledged") || isAbandoned ? this.#done.getOrCreate(channel) : undefined;
  }

  /** Removes a message. */
  remove(entry: QueueEntry): void {
    this.#places.get(entry)?.remove(entry);
    this.#places.delete(entry);
  }

  /** The settled message of a channel that goes first. */
  first(channel: string): QueueEntry | undefined {
    return this.#done.get(channel)?.first ?? this.#dead.get(channel)?.first;
  }
}
