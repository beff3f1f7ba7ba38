/**
 * The messages of a channel, read in place as `ringbus tail` does: nothing is taken, and no slot of the channel
 * is used.
 *
 * @module
 */

import { isTurnDue, takeTurn } from "../../../lib/base/turn.ts";
import { endOf } from "../../../lib/observe/follow.ts";
import type { ObservedMessage, Since } from "../../../lib/observe/lane_reader.ts";
import { ChannelReader } from "../../../lib/observe/reader.ts";
import { SegmentFile } from "../../../lib/observe/segment_file.ts";
import { type SegmentSnapshot, takeSnapshot } from "../../../lib/observe/snapshot.ts";
import {
  MAX_BATCH,
  type MessageBatch,
  type MessageFeed,
  type ShownMessage,
} from "../metrics/message_feed.ts";
import { shownContent } from "./message_content.ts";

/** Bytes of a message outside a ring that are copied: more are not shown. */
const MAX_COPIED_BYTES = 64 * 1024;
/** Reads of a batch, each of up to 4 MiB of a lane; a channel that has more is read from its end on. */
const MAX_READS = 8;
const MAX_PROBLEMS = 5;

/** The messages of one channel. */
export class ChannelFeed implements MessageFeed {
  readonly #directory: string;
  readonly #name: string;
  readonly #file: SegmentFile;
  #reader: ChannelReader;
  /** Numbers of the last messages by lane. */
  readonly #numbers = new Map<number, number>();
  /** True until the messages are read that are there already. */
  #isFirst = true;

  private constructor(directory: string, name: string, file: SegmentFile) {
    this.#directory = directory;
    this.#name = name;
    this.#file = file;
    this.#reader = this.#open("oldest");
  }

  /**
   * Begins with the oldest message that is there. Undefined if there is no such channel.
   *
   * @throws {ShmError} if it may not be read, or has no messages, such as one of latest values
   */
  static open(directory: string, name: string): ChannelFeed | undefined {
    using opened = new DisposableStack();
    const file = opened.use(SegmentFile.find(`${directory}/${name}`));
    if (file === undefined || file.isDeleted()) return undefined;
    const feed = new ChannelFeed(directory, name, file);
    opened.move();
    return feed;
  }

  #open(since: Since): ChannelReader {
    return new ChannelReader(this.#file, this.#name, since, MAX_COPIED_BYTES);
  }

  async next(): Promise<MessageBatch> {
    const end = endOf(this.#file) ?? null;
    const { messages, skipped, problems, isBehind } = await this.#read();
    if (isBehind) this.#reader = this.#open("now");
    const atMs = this.#isFirst ? null : Date.now();
    this.#isFirst = false;
    return {
      messages: messages.length === 0 ? [] : this.#shown(messages, atMs),
      skipped,
      problems,
      end: isBehind ? null : end,
    };
  }

  /** The newest messages of those that are there. */
  async #read(): Promise<Found> {
    const found: Found = { messages: [], skipped: 0, problems: [], isBehind: true };
    for (let reads = 0; reads < MAX_READS && found.isBehind; reads++) {
      const { messages, issues, hasMore } = this.#reader.read();
      for (const message of messages) found.skipped += this.#gapBefore(message);
      const all = [...found.messages, ...messages];
      found.messages = all.slice(-MAX_BATCH);
      found.skipped += all.length - found.messages.length;
      found.problems.push(...issues.map(({ part, problem }) => `${part}: ${problem}`));
      found.isBehind = hasMore;
      if (isTurnDue()) await takeTurn();
    }
    return { ...found, problems: found.problems.slice(0, MAX_PROBLEMS) };
  }

  /** Messages of the same sender between the last one and this one. */
  #gapBefore({ lane, sequence }: ObservedMessage): number {
    const last = this.#numbers.get(lane) ?? sequence - 1;
    this.#numbers.set(lane, sequence);
    return Math.max(0, sequence - last - 1);
  }

  #shown(messages: readonly ObservedMessage[], atMs: number | null): ShownMessage[] {
    const senders = sendersIn(takeSnapshot(this.#file, this.#directory));
    const { codecId } = this.#reader.config;
    return messages.map((message) => ({
      atMs,
      topic: message.topic ?? "",
      sender: senders.get(message.lane) ?? "",
      number: `${message.lane}:${message.sequence}`,
      sizeBytes: message.bytes.length + (message.cutBytes ?? 0),
      ...shownContent(message, codecId),
    }));
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }
}

/** What a batch is made of. */
interface Found {
  messages: ObservedMessage[];
  skipped: number;
  problems: string[];
  isBehind: boolean;
}

/** The names of senders by lane. */
function sendersIn({ lanes, participants }: SegmentSnapshot): Map<number, string> {
  const names = new Map(
    participants.map(({ index, label, role, pid }) => [index, `${label ?? role ?? ""} (${pid})`]),
  );
  return new Map(lanes.map(({ index, owner }) => [index, names.get(owner ?? -1) ?? ""]));
}
