/**
 * Writing messages into a lane.
 *
 * @module
 */

import type { Attachment } from "./attachment.ts";
import { BufferWords, copyAligned } from "./copy.ts";
import { ShmConnectionError } from "../base/errors.ts";
import { LaneBlocks } from "./lane_blocks.ts";
import type { LentSpace } from "./loan.ts";
import { logger, trace, tracing } from "../base/log.ts";
import type { PackedMessages } from "./packed_messages.ts";
import { RUN_BYTES } from "./record_run.ts";
import { checkSignals } from "../presence/exit_hooks.ts";
import { controlOffset } from "../segment/format.ts";
import type { SocketStatistics } from "./statistics.ts";
import type { TopicWords } from "./topics.ts";
import {
  BLOCK_HEADER_BYTES,
  CONTROL_LANES,
  LANE_BYTES,
  LANE_OWNER,
  MAX_LANES,
  NO_LANE_OF_SIZE,
  PLACE_BYTES,
  RECORD_BLOCK,
  RECORD_HEADERS,
  RECORD_PAYLOAD,
  RECORD_TOPIC,
  REFERENCE_BYTES,
  RING_GAP,
  WAITERS_RECEIVERS,
} from "../../wasm/layout.ts";

/** Parts of the ring that are written between two checks of how full it is. */
const FILL_CHECKS = 32;
/** Used share of the ring at which a warning is logged. */
const FILL_WARNING = 0.9;

/** Bit of a commit's result. */
const RECEIVER_WAITS = 1;

const NO_HEADER = new Uint8Array(0);

/** The lane of one sender. */
export class LaneWriter {
  /** Bytes of the lane's ring. */
  readonly capacity: number;
  /** Words put before every payload; the caller sets them before each message. */
  readonly prefix: Int32Array;
  readonly #attachment: Attachment;
  readonly #counts: SocketStatistics;
  readonly #blocks: LaneBlocks;
  readonly #source = new BufferWords();
  /** Longest payload of a record; longer messages lie in blocks. */
  readonly #largestPayload: number;
  /** Longest message that is copied into the ring as it is. */
  readonly #largestPlain: number;
  /** Longest message that is copied to `#place`. */
  readonly #largestPlaced: number;
  /**
   * Where the payload of the next message goes if no message is staged; 0 if there is not certainly space
   * for it.
   */
  #place = 0;
  /** The word that names the lane's owner, and its value while this sender owns the lane. */
  readonly #ownerWord: number;
  readonly #owner: number;
  #bytesToFillCheck = 0;
  #hasWarned = false;

  /**
   * Claims a lane.
   *
   * @throws {ShmConnectionError} if the channel has no lane or no memory left
   */
  constructor(attachment: Attachment, counts: SocketStatistics, prefixBytes: number) {
    this.#attachment = attachment;
    this.#counts = counts;
    this.capacity = attachment.ringBytes;
    this.prefix = new Int32Array(prefixBytes / 4);
    const largestRecord = (this.capacity - RING_GAP) / 2;
    this.#largestPayload = Math.floor(largestRecord / 8) * 8 - RECORD_PAYLOAD;
    this.#largestPlain = prefixBytes === 0 ? this.#largestPayload : -1;
    this.#largestPlaced = Math.min(this.#largestPlain, PLACE_BYTES);
    const lane = openLane(attachment);
    const control = controlOffset(attachment.capacity);
    this.#ownerWord = (control + CONTROL_LANES + lane * LANE_BYTES + LANE_OWNER) >>> 2;
    this.#owner = attachment.index + 1;
    this.#blocks = new LaneBlocks(attachment, lane, prefixBytes);
  }

  /** Writes and publishes one message; false if there is no space. */
  write(bytes: Uint8Array, flags: number): boolean {
    const { length } = bytes;
    const { ring, words } = this.#attachment;
    const at = this.#place;
    if (at === 0 || length > this.#largestPlaced || words[this.#ownerWord] !== this.#owner) {
      return this.#writeClaimed(bytes, flags);
    }
    this.#copyIn(bytes, length, at);
    this.#countSent(length);
    this.#published(ring.send(length, flags), 1);
    return true;
  }

  #writeClaimed(bytes: Uint8Array, flags: number): boolean {
    if (!this.stage(bytes, flags)) return false;
    this.publish(1);
    return true;
  }

  /** Writes a message that `publish` sends; false if there is no space. */
  stage(bytes: Uint8Array, flags: number): boolean {
    const { length } = bytes;
    if (length > this.#largestPlain) return this.#stageBehind(this.prefix, bytes, flags);
    const at = this.#attachment.ring.claim(length, flags) >>> 0;
    if (at === 0) return this.#noSpace();
    this.#copyIn(bytes, length, at);
    this.#countSent(length);
    return true;
  }

  /** Writes a message with a topic, which `publish` sends; false if there is no space. */
  stageWithTopic(bytes: Uint8Array, flags: number, topic: TopicWords): boolean {
    return this.#stageBehind(topic, bytes, flags | RECORD_TOPIC);
  }

  /** Writes and publishes one message with a topic; false if there is no space. */
  writeWithTopic(bytes: Uint8Array, flags: number, topic: TopicWords): boolean {
    if (!this.stageWithTopic(bytes, flags, topic)) return false;
    this.publish(1);
    return true;
  }

  /**
   * Writes the next messages of a packed buffer, which `publish` sends; returns how many. 0 if the first one has
   * to be staged by itself.
   */
  stageRun(packed: PackedMessages): number {
    const { messages, recordBytes } = packed.nextRun(Math.min(RUN_BYTES, this.capacity / 4));
    if (messages === 0 || this.#largestPlain < 0) return 0;
    const { ring } = this.#attachment;
    const at = ring.claimRun(recordBytes) >>> 0;
    if (at === 0) return 0;
    this.#place = 0;
    const payloadBytes = packed.copyRun(this.#attachment, at, messages);
    if (ring.stageRun(recordBytes) === 0) {
      ring.abort();
      throw this.#attachment.corruption("a message changed while it was written");
    }
    this.#countRun(messages, payloadBytes);
    return messages;
  }

  #countRun(messages: number, payloadBytes: number): void {
    const counts = this.#counts;
    this.#bytesToFillCheck -= payloadBytes + messages * RECORD_PAYLOAD;
    counts.bytes += payloadBytes;
    counts.sent += messages;
    if (checkSignals(0)) this.#attachment.endAtNextCall();
    if (tracing) this.#traceSent(payloadBytes);
  }

  /** A message that needs a prefix, a block, or both. */
  #stageBehind(prefix: Int32Array, bytes: Uint8Array, flags: number): boolean {
    const { length } = bytes;
    const prefixBytes = prefix.byteLength;
    if (prefixBytes + length > this.#largestPayload) return this.#stageBlock(prefix, bytes, flags);
    const attachment = this.#attachment;
    const at = attachment.ring.claim(length + prefixBytes, flags) >>> 0;
    if (at === 0) return this.#noSpace();
    this.#writePrefix(prefix, at);
    this.#copyIn(bytes, length, at + prefixBytes);
    this.#countSent(length);
    return true;
  }

  /** Writes words one by one: they are few, and a call of `set` costs more. */
  #writePrefix(prefix: Int32Array, at: number): void {
    const { words } = this.#attachment;
    const word = at >>> 2;
    for (let i = 0; i < prefix.length; i++) words[word + i] = prefix[i];
  }

  /** The ring is full, unless its lane is corrupt. */
  #noSpace(): false {
    if (this.#attachment.ring.isLaneValid() === 0) {
      this.#counts.errors++;
      throw this.#attachment.corruption("the words of a lane were overwritten");
    }
    return false;
  }

  #copyIn(bytes: Uint8Array, length: number, at: number): void {
    const source = this.#source;
    if (source.has(bytes, length)) copyAligned(source, 0, this.#attachment, at, length);
    else this.#attachment.copyIn(bytes, at);
  }

  #stageBlock(prefix: Int32Array, bytes: Uint8Array, flags: number): boolean {
    const offset = this.#blocks.allocate(bytes.length);
    if (offset < 0) return false;
    // The tag is written before the bytes: a reader with an older reference to the block sees it change.
    if (!this.#tryReference(prefix, offset, bytes.length, flags)) return false;
    this.#attachment.copyIn(bytes, offset + BLOCK_HEADER_BYTES);
    this.#countSent(bytes.length);
    return true;
  }

  /** Stages a reference to a block; frees the block if there is no space for the reference. */
  #tryReference(prefix: Int32Array, offset: number, length: number, flags: number): boolean {
    let isStaged = false;
    try {
      isStaged = this.#stageReference(prefix, offset, length, flags);
    } finally {
      if (!isStaged) this.#blocks.free(offset);
    }
    return isStaged;
  }

  #stageReference(prefix: Int32Array, offset: number, length: number, flags: number): boolean {
    const { ring, words } = this.#attachment;
    const prefixBytes = prefix.byteLength;
    const at = ring.claim(prefixBytes + REFERENCE_BYTES, flags | RECORD_BLOCK) >>> 0;
    if (at === 0) return this.#noSpace();
    this.#writePrefix(prefix, at);
    const reference = (at + prefixBytes) >>> 2;
    words[reference] = offset;
    words[reference + 1] = 0;
    words[reference + 2] = length;
    words[reference + 3] = 0;
    words[offset >>> 2] = ring.claimedTag(offset, length);
    this.#blocks.bind(offset);
    return true;
  }

  #countSent(length: number): void {
    const counts = this.#counts;
    this.#bytesToFillCheck -= length + RECORD_PAYLOAD;
    counts.bytes += length;
    if (checkSignals(++counts.sent)) this.#attachment.endAtNextCall();
    if (tracing) this.#traceSent(length);
  }

  #traceSent(length: number): void {
    trace(`sent ${length} B on "${this.#attachment.name}", #${this.#counts.sent}`);
  }

  /** Sends all messages that are staged, and wakes as many receivers. */
  publish(messages: number): void {
    this.#published(this.#attachment.ring.commit(), messages);
  }

  /** Does what the result of a commit asks for. */
  #published(result: number, messages: number): void {
    this.#place = (result & ~RECEIVER_WAITS) >>> 0;
    if ((result & RECEIVER_WAITS) !== 0) this.#wakeReceivers(messages);
    if (this.#bytesToFillCheck <= 0) this.#checkFill();
  }

  #wakeReceivers(messages: number): void {
    const limit = this.#attachment.kind === "broadcast" ? Infinity : messages;
    for (let woken = 0; woken < limit; woken++) {
      if (!this.#attachment.wakeOne(WAITERS_RECEIVERS)) return;
    }
  }

  #checkFill(): void {
    const { capacity } = this;
    const { ring, kind, name } = this.#attachment;
    this.#bytesToFillCheck = capacity / FILL_CHECKS;
    if (kind === "broadcast") return;
    const share = (ring.usedBytes() >>> 0) / capacity;
    if (share < FILL_WARNING) this.#hasWarned = false;
    else if (!this.#hasWarned) {
      this.#hasWarned = true;
      logger.warn("the ring of {channel} is {percent}% full", {
        channel: name,
        percent: Math.floor(share * 100),
      });
    }
  }

  /**
   * Claims space for a message that is written in place; undefined if there is none. `header` is what
   * `encodeHeader` returned, or empty.
   */
  lend(
    byteLength: number,
    header: Uint8Array = NO_HEADER,
    topic?: TopicWords,
  ): LentSpace | undefined {
    this.#place = 0;
    const length = header.length + byteLength;
    const prefix = topic ?? this.prefix;
    const flags = (header.length === 0 ? 0 : RECORD_HEADERS) |
      (topic === undefined ? 0 : RECORD_TOPIC);
    const isInline = prefix.byteLength + length <= this.#largestPayload;
    const at = isInline
      ? this.#lendInline(prefix, length, flags)
      : this.#lendBlock(prefix, length, flags);
    if (at === 0) return undefined;
    const attachment = this.#attachment;
    attachment.ring.invalidateClaim();
    attachment.ring.dateLoan(Date.now());
    attachment.bytes.set(header, at);
    return {
      bytes: attachment.bytes.subarray(at + header.length, at + length),
      commit: () => {
        attachment.ring.dateLoan(0);
        attachment.ring.restoreClaim();
        this.#countSent(length);
        this.publish(1);
      },
      abort: () => {
        attachment.ring.dateLoan(0);
        attachment.ring.abort();
        if (!isInline) this.#blocks.unbindLast();
      },
    };
  }

  /** Offset of the space, 0 if there is none. */
  #lendInline(prefix: Int32Array, length: number, flags: number): number {
    const at = this.#attachment.ring.claim(prefix.byteLength + length, flags) >>> 0;
    if (at === 0) {
      this.#noSpace();
      return 0;
    }
    this.#writePrefix(prefix, at);
    return at + prefix.byteLength;
  }

  #lendBlock(prefix: Int32Array, length: number, flags: number): number {
    const offset = this.#blocks.allocate(length);
    const isReferenced = offset >= 0 && this.#tryReference(prefix, offset, length, flags);
    return isReferenced ? offset + BLOCK_HEADER_BYTES : 0;
  }
}

/** Claims a lane, and gives it a ring if it has none. */
function openLane(attachment: Attachment): number {
  const { ring, index, ringBytes, name } = attachment;
  const lane = ring.claimLane(index, ringBytes);
  if (lane === NO_LANE_OF_SIZE) {
    throw new ShmConnectionError(
      `cannot send on channel "${name}": it has ${MAX_LANES} rings, and the free ones are not of ` +
        `${ringBytes} bytes; use fewer values of capacityBytes, or a second channel`,
    );
  }
  if (lane < 0) {
    throw new ShmConnectionError(
      `cannot send on channel "${name}": it has ${MAX_LANES} senders, which is its limit; close ` +
        `some, or use a second channel`,
    );
  }
  const offset = ring.ringOf(lane) >>> 0;
  if (offset + ringBytes > attachment.sharedMemory.mappedBytes) attachment.remap();
  const newOffset = offset === 0 ? attachment.allocate(ringBytes) : 0;
  ring.openRing(lane, newOffset, ringBytes);
  if (ring.openLane(lane, index) === 0) throw attachment.corruption(`lane ${lane} is out of range`);
  return lane;
}
