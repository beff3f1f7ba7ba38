/**
 * One source of a poller: what it has, and how it wakes the poller.
 *
 * @module
 */

import type { Attachment } from "../channel/attachment.ts";
import type { PollSource } from "../channel/poll_source.ts";
import { type Peers, PeerWatch } from "./peer_watch.ts";
import {
  HEADER_STATUS,
  PARTICIPANT_WAKE,
  STATUS_OPEN,
  WAITERS_RECEIVERS,
} from "../../wasm/layout.ts";

/** What a poll tells of a source. */
export type PollEventKind = "ready" | "due" | "closed" | "peerLost";

/** A source with its state in a poller. */
export class Polled<S> {
  readonly source: S;
  readonly #poll: PollSource;
  readonly #peers: PeerWatch | undefined;
  readonly #wakeWord: number;
  /** The wake word when the wait was announced last; undefined while none is. */
  #announcedAt: number | undefined;

  constructor(source: S, poll: PollSource) {
    this.source = source;
    this.#poll = poll;
    const { attachment } = poll;
    const isBetweenProcesses = attachment?.sharedMemory.bell.fifo !== undefined;
    this.#peers = isBetweenProcesses ? new PeerWatch(attachment!) : undefined;
    this.#wakeWord = attachment === undefined
      ? 0
      : attachment.fieldOffset(attachment.index, PARTICIPANT_WAKE) >>> 2;
  }

  get attachment(): Attachment | undefined {
    return this.#poll.attachment;
  }

  get dueAtMs(): number {
    return this.#poll.dueAtMs;
  }

  /** What it has now. */
  look(): PollEventKind | undefined {
    const { attachment } = this.#poll;
    if (attachment === undefined) return this.#poll.isReady() ? "due" : undefined;
    if (isClosed(attachment)) return "closed";
    const isReady = this.#poll.isReady();
    // To look ends a worker that was terminated.
    if (isClosed(attachment)) return "closed";
    return isReady ? "ready" : undefined;
  }

  /** Adds the isolates of its peers. */
  addPeers(peers: Peers): void {
    if (this.#peers !== undefined && !isClosed(this.attachment!)) this.#peers.addTo(peers);
  }

  /** True if a peer has died that was not reported before. */
  hasLostPeer(census: ReadonlyMap<bigint, boolean>): boolean {
    return this.#peers !== undefined && !isClosed(this.attachment!) && this.#peers.hasLost(census);
  }

  /** A wait begins; `onClose` is called if the socket is closed meanwhile. */
  begin(onClose: () => void): void {
    this.attachment?.beginPoll(onClose);
  }

  /**
   * Announces the wait if it is not announced, or no longer. True if the source has to be looked at: it was woken or
   * closed, or is due.
   */
  announce(): boolean {
    const { attachment } = this.#poll;
    if (attachment === undefined) return this.#poll.isReady();
    if (attachment.isClosed) return true;
    const { ring, index, doorbellKind, words } = attachment;
    if (words[this.#wakeWord] === this.#announcedAt) {
      return !attachment.isUsable || words[HEADER_STATUS >>> 2] !== STATUS_OPEN;
    }
    this.#announcedAt = ring.announceWait(index, WAITERS_RECEIVERS, doorbellKind) | 0;
    return true;
  }

  /** The wait is over. */
  end(onClose: () => void): void {
    this.#announcedAt = undefined;
    this.attachment?.endPoll(onClose, WAITERS_RECEIVERS);
  }
}

/** True if all calls on a socket would throw; a worker that was terminated ends here. */
function isClosed(attachment: Attachment): boolean {
  if (attachment.isClosed && !attachment.hasLeft) attachment.checkOpen();
  return !attachment.isUsable || attachment.ring.closed() !== 0;
}
