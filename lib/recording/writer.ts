/**
 * Writes a channel's messages to a file.
 *
 * @module
 */

import { crc32 } from "../base/crc32.ts";
import { pluralize } from "../base/pluralize.ts";
import { UNCHOSEN } from "../segment/chosen_codec.ts";
import { type ChannelKind, KIND_NUMBERS } from "../segment/format.ts";
import { RecordingError } from "./errors.ts";
import * as layout from "./layout.ts";
import { TopicEncoder } from "../channel/topics.ts";
import { RECORD_TOPIC } from "../../wasm/layout.ts";
import { messageOf } from "../base/thrown.ts";

/** The channel of a recording. */
export interface RecordingInfo {
  /** Channel name. */
  readonly name: string;
  readonly kind: ChannelKind;
  /** Codec id; empty while none is chosen, which is before the first message. */
  readonly codecId: string;
  /** Bytes of each sender's ring. */
  readonly capacity: number;
  /** When the recording began. */
  readonly begunAt: Date;
}

/** A recorded message. */
export interface RecordedMessage {
  /** Milliseconds since the recording began. */
  readonly timeMs: number;
  readonly lane: number;
  /** The message's number on its lane. */
  readonly sequence: number;
  readonly flags: number;
  /** The topic that it was sent with. */
  readonly topic?: string | undefined;
  /** The payload, encoded. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const encoder = new TextEncoder();
/** Bytes that are buffered before they are written. */
const BUFFER_BYTES = 64 * 1024;

/** Writes one recording. */
export class RecordingWriter implements Disposable {
  readonly #file: Deno.FsFile;
  readonly #path: string;
  readonly #info: RecordingInfo;
  readonly #topics = new TopicEncoder();
  #hasHeader = false;
  readonly #begunAtMs = performance.now();
  #buffer = new Uint8Array(BUFFER_BYTES);
  #used = 0;
  /** Messages that were added. */
  messages = 0;
  /** Bytes of their payloads. */
  bytes = 0;

  /**
   * Creates a file and writes the header, or before the first entry if no codec is chosen yet.
   *
   * @throws {RecordingError} if the file exists and `replace` is false, or it cannot be created
   */
  constructor(path: string, info: RecordingInfo, replace = false) {
    this.#path = path;
    try {
      const options = replace ? { create: true, truncate: true } : { createNew: true };
      this.#file = Deno.openSync(path, { write: true, ...options });
    } catch (cause) {
      throw new RecordingError(
        cause instanceof Deno.errors.AlreadyExists
          ? `cannot record to ${path}: it exists already; name another file, or replace it with --force`
          : `cannot record to ${path}: ${messageOf(cause)}`,
        { cause },
      );
    }
    this.#info = info;
    if (info.codecId !== UNCHOSEN) this.#writeHeader();
  }

  #writeHeader(): void {
    if (this.#hasHeader) return;
    this.#hasHeader = true;
    this.#write(headerOf(this.#info));
  }

  /** Milliseconds since the recording began. */
  get timeMs(): number {
    return performance.now() - this.#begunAtMs;
  }

  /** Adds a message. */
  add({ timeMs, lane, sequence, flags, topic, bytes }: RecordedMessage): void {
    this.messages++;
    this.bytes += bytes.length;
    const payload = topic === undefined ? bytes : this.#withTopic(topic, bytes);
    const allFlags = topic === undefined ? flags : flags | RECORD_TOPIC;
    this.#writeEntry(layout.TYPE_MESSAGE, timeMs, sequence, payload, lane, allFlags);
  }

  #withTopic(topic: string, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
    const words = this.#topics.encode(topic);
    const whole = new Uint8Array(words.byteLength + bytes.length);
    whole.set(new Uint8Array(words.buffer));
    whole.set(bytes, words.byteLength);
    return whole;
  }

  /** Adds a count of messages that could not be recorded. */
  addMissed(timeMs: number, count: number): void {
    this.#writeEntry(layout.TYPE_MISSED, timeMs, count);
  }

  /** Marks the recording as complete, and closes the file. */
  end(): void {
    this.#writeEntry(layout.TYPE_END, this.timeMs, this.messages);
    this.flush();
    this.#file.close();
  }

  #writeEntry(
    type: number,
    timeMs: number,
    number: number,
    payload: Uint8Array<ArrayBuffer> = new Uint8Array(0),
    lane = 0,
    flags = 0,
  ): void {
    this.#writeHeader();
    const entry = new Uint8Array(layout.ENTRY_BYTES);
    const view = new DataView(entry.buffer);
    view.setUint32(layout.ENTRY_TYPE, type, true);
    view.setUint32(layout.ENTRY_LENGTH, payload.length, true);
    view.setFloat64(layout.ENTRY_TIME, timeMs, true);
    view.setFloat64(layout.ENTRY_NUMBER, number, true);
    view.setUint16(layout.ENTRY_LANE, lane, true);
    view.setUint8(layout.ENTRY_FLAGS, flags);
    const check = crc32(payload, crc32(entry.subarray(0, layout.ENTRY_CHECK)));
    view.setUint32(layout.ENTRY_CHECK, check, true);
    this.#write(entry);
    this.#write(payload);
    this.#write(new Uint8Array(layout.padded(payload.length) - payload.length));
  }

  #write(bytes: Uint8Array): void {
    if (this.#used + bytes.length > this.#buffer.length) this.flush();
    if (bytes.length > this.#buffer.length) {
      this.#writeAll(bytes);
      return;
    }
    this.#buffer.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  /** Writes the buffered bytes. */
  flush(): void {
    const used = this.#used;
    this.#used = 0;
    this.#writeAll(this.#buffer.subarray(0, used));
  }

  #writeAll(bytes: Uint8Array): void {
    try {
      for (let rest = bytes; rest.length > 0;) rest = rest.subarray(this.#file.writeSync(rest));
    } catch (cause) {
      throw new RecordingError(
        `cannot continue to write ${this.#path} after ${pluralize(this.messages, "message")}: ${
          messageOf(cause)
        }; what was written before can be replayed`,
        { cause },
      );
    }
  }

  /** Closes the file, if `end` was not called. */
  [Symbol.dispose](): void {
    try {
      this.#file.close();
    } catch {
      // end() has closed it.
    }
  }
}

function headerOf({ name, kind, codecId, capacity, begunAt }: RecordingInfo): Uint8Array {
  const header = new Uint8Array(layout.HEADER_BYTES);
  const view = new DataView(header.buffer);
  header.set(layout.MAGIC, layout.HEADER_MAGIC);
  view.setUint32(layout.HEADER_VERSION, layout.VERSION, true);
  view.setUint32(layout.HEADER_KIND, KIND_NUMBERS[kind], true);
  view.setUint32(layout.HEADER_CAPACITY, capacity, true);
  view.setFloat64(layout.HEADER_BEGUN_AT, begunAt.getTime(), true);
  header.set(encoder.encode(codecId), layout.HEADER_CODEC);
  header.set(encoder.encode(name), layout.HEADER_NAME);
  view.setUint32(layout.HEADER_CHECK, crc32(header.subarray(0, layout.HEADER_CHECK)), true);
  return header;
}
