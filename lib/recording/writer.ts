/**
 * Writing a channel's messages to a file.
 *
 * @module
 */

import { crc32 } from "node:zlib";
import { type ChannelKind, KIND_NUMBERS } from "../segment/format.ts";
import { RecordingError } from "./errors.ts";
import * as layout from "./layout.ts";

/** What a recording is of. */
export interface RecordingInfo {
  /** Channel name. */
  readonly name: string;
  readonly kind: ChannelKind;
  /** Codec id. */
  readonly codecId: string;
  /** Bytes of each sender's ring. */
  readonly capacity: number;
  /** When it was begun. */
  readonly begunAt: Date;
}

/** A message as it is recorded. */
export interface RecordedMessage {
  /** Milliseconds since the recording began. */
  readonly timeMs: number;
  readonly lane: number;
  /** The message's number on its lane. */
  readonly sequence: number;
  readonly flags: number;
  /** The payload, encoded. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const encoder = new TextEncoder();
/** Bytes that are collected before they are written. */
const BUFFER_BYTES = 64 * 1024;

/** A recording that is being made. */
export class RecordingWriter implements Disposable {
  readonly #file: Deno.FsFile;
  readonly #path: string;
  readonly #begunAtMs = performance.now();
  #buffer = new Uint8Array(BUFFER_BYTES);
  #used = 0;
  /** Messages so far. */
  messages = 0;
  /** Bytes of their payloads. */
  bytes = 0;

  /**
   * Makes a file and writes what the recording is of.
   *
   * @throws {RecordingError} if there is such a file already and it is not to be replaced, or none can
   * be made
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
          : `cannot record to ${path}: ${(cause as Error).message}`,
        { cause },
      );
    }
    this.#write(headerOf(info));
  }

  /** Milliseconds since it was begun. */
  get timeMs(): number {
    return performance.now() - this.#begunAtMs;
  }

  /** Adds a message. */
  add({ timeMs, lane, sequence, flags, bytes }: RecordedMessage): void {
    this.messages++;
    this.bytes += bytes.length;
    this.#writeEntry(layout.TYPE_MESSAGE, timeMs, sequence, bytes, lane, flags);
  }

  /** Notes messages that could not be recorded. */
  addMissed(timeMs: number, count: number): void {
    this.#writeEntry(layout.TYPE_MISSED, timeMs, count);
  }

  /** Says that the recording is whole, and closes the file. */
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

  /** Writes what was collected. */
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
        `cannot write on to ${this.#path} after ${this.messages} messages: ${
          (cause as Error).message
        }; what was written before can be replayed`,
        { cause },
      );
    }
  }

  /** Closes the file of a recording that was not ended. */
  [Symbol.dispose](): void {
    try {
      this.#file.close();
    } catch {
      // It was ended.
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
