/**
 * The queues that have a subscription of an agent to a channel now. An agent that another process unsubscribes
 * stays subscribed while one of them is there.
 *
 * @module
 */

import { TextMap } from "../../../lib/base/text_map.ts";

/** The channel of a subscription, and its agent. */
export interface Place {
  readonly channel: string;
  readonly agent: string;
}

/** Members by channel and agent. */
export class Attendance {
  readonly #places = new TextMap<Place & { readonly members: Set<string> }>();

  /** Adds a member. */
  add({ channel, agent }: Place, member: string): void {
    const key = keyOf({ channel, agent });
    this.#places.getOrMake(key, () => ({ channel, agent, members: new Set() })).members.add(member);
  }

  /** Removes a member. */
  remove(place: Place, member: string): void {
    const members = this.members(place);
    members.delete(member);
    if (members.size === 0) this.#places.delete(keyOf(place));
  }

  /** The members that have a subscription. */
  members(place: Place): Set<string> {
    return this.#places.get(keyOf(place))?.members ?? new Set();
  }

  /** All places with their members. */
  *entries(): Generator<[Place, string]> {
    for (const { channel, agent, members } of this.#places.values()) {
      for (const member of members) yield [{ channel, agent }, member];
    }
  }
}

/** Neither name contains NUL. */
function keyOf({ channel, agent }: Place): string {
  return `${channel}\0${agent}`;
}
