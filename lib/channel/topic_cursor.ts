/**
 * Positions of receivers that pass messages of other topics, or keep the newest of each topic alone.
 *
 * @module
 */

import type { Attachment } from "./attachment.ts";
import { FrameCursor, type ReceivedFrame } from "./frame_cursor.ts";
import type { SocketStatistics } from "./statistics.ts";
import { TopicTable } from "./topics.ts";
import { HEADER_LANES, LANE_BUDGET, MAX_LANES, RECORD_PAYLOAD, TAKEN } from "../../wasm/layout.ts";

/** Messages that one call looks at before it finds out how many there can be. */
const FIRST_LOOKS = 512;
/** The bits of the word with the number of lanes that hold it; the others are its check. */
const LANE_COUNT_BITS = 0xffff;

/** Finds messages of topics that match patterns. */
export class TopicCursor extends FrameCursor {
  protected readonly counts: SocketStatistics;
  readonly #topics: TopicTable;
  /** Messages that the current call may still look at. */
  #looksLeft = 0;
  #hasAllLooks = false;

  /** Without patterns it finds all messages. */
  constructor(
    attachment: Attachment,
    counts: SocketStatistics,
    isPooled: boolean,
    patterns: readonly string[] | undefined,
  ) {
    const topics = new TopicTable(patterns);
    super(attachment, counts, isPooled, topics);
    this.counts = counts;
    this.#topics = topics;
  }

  /** Finds the next message that is wanted, among all that are there when it is called. */
  override next(mode: number): boolean {
    this.beginLooking();
    return this.nextWanted(mode);
  }

  /** A call begins. */
  protected beginLooking(): void {
    this.#looksLeft = FIRST_LOOKS;
    this.#hasAllLooks = false;
  }

  /**
   * Finds the next message that is wanted. False also after many that are not: publishers may send them faster
   * than they are passed, and each call has to end.
   */
  protected nextWanted(mode: number): boolean {
    while (this.#mayLook()) {
      if (!super.next(mode)) return false;
      if (this.topic?.isWanted ?? this.#topics.wantsPlain) return true;
      if (this.pass()) this.counts.unmatched++;
    }
    this.checkTermination();
    return false;
  }

  #mayLook(): boolean {
    if (this.#looksLeft === 0 && !this.#hasAllLooks) {
      this.#hasAllLooks = true;
      this.#looksLeft = this.#mostMessages();
    }
    return this.#looksLeft-- > 0;
  }

  /**
   * After so many messages all are passed that were there before: the lanes have turns of equally many messages,
   * and no ring has more bytes than the segment.
   */
  #mostMessages(): number {
    const { words, sharedMemory } = this.attachment;
    const lanes = Math.min(words[HEADER_LANES >>> 2] & LANE_COUNT_BITS, MAX_LANES);
    return lanes * Math.ceil(sharedMemory.mappedBytes / RECORD_PAYLOAD + LANE_BUDGET);
  }
}

/**
 * Takes all messages that are there before each call, and keeps the newest of each topic. It finds the topic that
 * has waited longest.
 */
export class ConflatingCursor extends TopicCursor {
  /** Messages that were taken from the ring and not received. Those without a topic count as one topic. */
  readonly #newest = new Map<string | undefined, ReceivedFrame>();

  /** The array of a message that was replaced, which no program has seen. */
  #spare: Uint8Array | undefined;

  override next(mode: number): boolean {
    this.beginLooking();
    while (this.nextWanted(mode)) this.#keep();
    return this.#newest.size > 0;
  }

  /** Copies the message that was found, and takes it from the ring; it may have been overwritten meanwhile. */
  #keep(): void {
    const { topic } = this;
    const frame = { bytes: this.#copyFound(), flags: this.flags, header: this.header, topic };
    if (!this.isConsistent() || !this.pass()) return;
    const replaced = this.#newest.get(topic?.text);
    this.#newest.set(topic?.text, frame);
    if (replaced === undefined) return;
    this.counts.conflated++;
    this.#spare = replaced.bytes;
  }

  #copyFound(): Uint8Array {
    const spare = this.#spare;
    if (spare?.length !== super.length) return this.copyToOwn();
    this.#spare = undefined;
    super.copyInto(spare);
    return spare;
  }

  get #first(): ReceivedFrame {
    return this.#newest.values().next().value!;
  }

  #shift(): ReceivedFrame {
    const [[topic, frame]] = this.#newest;
    this.#newest.delete(topic);
    this.recall(frame);
    this.countPassed(frame.bytes.length);
    return frame;
  }

  override get length(): number {
    return this.#first.bytes.length;
  }

  override get isCopy(): boolean {
    return true;
  }

  override isStale(): boolean {
    return false;
  }

  override view(): Uint8Array<ArrayBufferLike> {
    return this.#first.bytes;
  }

  override copyInto(target: Uint8Array): void {
    target.set(this.#first.bytes);
  }

  override receive(): ReceivedFrame {
    return this.#shift();
  }

  override take(): boolean {
    this.#shift();
    return true;
  }

  override takeInPlace(): number {
    this.#shift();
    return TAKEN;
  }

  override receiveRun(): number {
    return -1;
  }
}
