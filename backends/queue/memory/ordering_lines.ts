/**
 * The order of messages with one key.
 *
 * @module
 */

import { TextMap } from "../../../lib/base/text_map.ts";
import type { Delivery } from "./entry.ts";
import { SortedList } from "./sorted_list.ts";

const newLine = () => new SortedList<Delivery>((a, b) => a.turn - b.turn);

/** For each agent, channel and ordering key the pending deliveries. Only the first of a line is delivered. */
export class OrderingLines {
  readonly #lines = new TextMap<SortedList<Delivery>>();

  /** Adds a delivery to its line, if it has an ordering key. Returns the delivery that was the first before. */
  join(delivery: Delivery): Delivery | undefined {
    const key = lineOf(delivery);
    if (key === undefined) return undefined;
    const former = this.#first(key);
    this.#lines.getOrMake(key, newLine).add(delivery);
    return this.#first(key) === delivery ? former : undefined;
  }

  /** Whether another delivery has to end first. */
  isBlocked(delivery: Delivery): boolean {
    const first = this.#first(lineOf(delivery));
    return first !== undefined && first !== delivery;
  }

  /** Removes a delivery. Returns the delivery whose turn it is now, if that is another one than before. */
  leave(delivery: Delivery): Delivery | undefined {
    const key = lineOf(delivery);
    const line = key === undefined ? undefined : this.#lines.get(key);
    if (line === undefined) return undefined;
    const wasFirst = line.first === delivery;
    line.remove(delivery);
    if (line.length === 0) this.#lines.delete(key!);
    return wasFirst ? line.first : undefined;
  }

  /** Whether there is a line in which a delivery could wait for another one. */
  get hasLines(): boolean {
    return this.#lines.size > 0;
  }

  #first(key: string | undefined): Delivery | undefined {
    return key === undefined ? undefined : this.#lines.get(key)?.first;
  }
}

/** The key of a line. No name contains NUL. */
function lineOf({ agent, entry: { channel, orderingKey } }: Delivery): string | undefined {
  return orderingKey === null ? undefined : `${agent}\0${channel}\0${orderingKey}`;
}
