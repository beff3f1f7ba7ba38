/**
 * Which peers of a socket have died: the participants that it receives from.
 *
 * @module
 */

import type { Attachment } from "../channel/attachment.ts";
import { type Role, ROLES } from "../segment/format.ts";
import { HEADER_ATTACH_GATE, MAX_PARTICIPANTS, PARTICIPANT_ROLE } from "../../wasm/layout.ts";

/** From whom a role receives. */
const SENDERS: Partial<Record<Role, Role>> = {
  subscriber: "publisher",
  puller: "pusher",
  replier: "requester",
  member: "member",
};

/** The isolates of peers, each with a way to ask whether it is alive. Ids differ between directories, too. */
export type Peers = Map<bigint, () => boolean>;

/** Watches the peers of one socket. */
export class PeerWatch {
  readonly #attachment: Attachment;
  readonly #peerRole: number;
  /** Participants that were there, with their isolates. */
  #peers: [index: number, isolate: bigint][] = [];
  readonly #lost = new Set<bigint>();
  #attachments: number | undefined;

  constructor(attachment: Attachment) {
    this.#attachment = attachment;
    this.#peerRole = ROLES.indexOf(SENDERS[attachment.role]);
  }

  /** Adds the isolates of the peers that are there. */
  addTo(peers: Peers): void {
    this.#refresh();
    const { sharedMemory } = this.#attachment;
    for (const [, isolate] of this.#peers) {
      if (this.#lost.has(isolate) || peers.has(isolate)) continue;
      peers.set(isolate, () => this.#attachment.isClosed || sharedMemory.isAlive(isolate));
    }
  }

  /** True if a peer has died that was not reported before. What a peer left behind stays as it is. */
  hasLost(census: ReadonlyMap<bigint, boolean>): boolean {
    let hasLost = false;
    for (const [index, isolate] of this.#peers) {
      if (census.get(isolate) !== false || this.#lost.has(isolate)) continue;
      this.#lost.add(isolate);
      if (this.#isPeer(index, isolate)) hasLost = true;
    }
    return hasLost;
  }

  /** Finds the participants again if others have attached. */
  #refresh(): void {
    const { words, ring, sharedMemory } = this.#attachment;
    const attachments = words[HEADER_ATTACH_GATE >>> 2];
    if (attachments === this.#attachments) return;
    this.#attachments = attachments;
    this.#peers = [];
    for (let index = 0; index < MAX_PARTICIPANTS; index++) {
      const isolate = ring.isolateOf(index);
      if (isolate !== 0n && isolate !== sharedMemory.isolate) this.#peers.push([index, isolate]);
    }
  }

  /** True while the participant is attached, and sends. */
  #isPeer(index: number, isolate: bigint): boolean {
    const { ring, words } = this.#attachment;
    if (ring.isolateOf(index) !== isolate) return false;
    return words[this.#attachment.fieldOffset(index, PARTICIPANT_ROLE) >>> 2] === this.#peerRole;
  }
}
