/**
 * Reading a recording. What is whole is handed on, whatever comes behind it.
 *
 * @module
 */

import { crc32 } from "node:zlib";
import { KINDS } from "../segment/format.ts";
import { MAX_MESSAGE_BYTES } from "../channel/sender.ts";
import { RecordingError } from "./errors.ts";
import * as layout from "./layout.ts";
import type { RecordedMessage, RecordingInfo } from "./writer.ts";

const decoder = new TextDecoder();

/** A recording that is being read. */
export class RecordingReader implements Disposable {
  /** What it is of. */
  readonly info: RecordingInfo;
  /** Messages that were missed when it was made, as far as it was read. */
  missed = 0;
  /** Why it ends before its end, once it was read so far. */
  problem: string | undefined;
  readonly #file: Deno.FsFile;
  readonly #path: string;
  #offset = 0;

  /**
   * Opens a file.
   *
   * @throws {RecordingError} if it cannot be read, or is no recording
   */
  constructor(path: string) {
    this.#path = path;
    try {
      this.#file = Deno.openSync(path);
    } catch (cause) {
      throw new RecordingError(`cannot read ${path}: ${(cause as Error).message}`, { cause });
    }
    try {
      this.info = this.#readHeader();
    } catch (error) {
      this.#file.close();
      throw error;
    }
  }

  #readHeader(): RecordingInfo {
    const invalid = (what: string) => new RecordingError(`cannot replay ${this.#path}: ${what}`);
    const header = this.#read(layout.HEADER_BYTES);
    if (layout.MAGIC.some((byte, at) => header[at] !== byte)) {
      throw invalid("it is no recording: ringbus record makes one");
    }
    if (header.length < layout.HEADER_BYTES) {
      throw invalid(`it ends in its header, after ${header.length} bytes`);
    }
    const view = new DataView(header.buffer);
    const version = view.getUint32(layout.HEADER_VERSION, true);
    if (version !== layout.VERSION) {
      throw invalid(`its format has version ${version}, and this program reads ${layout.VERSION}`);
    }
    const checksum = crc32(header.subarray(0, layout.HEADER_CHECK));
    const kind = KINDS[view.getUint32(layout.HEADER_KIND, true)];
    if (view.getUint32(layout.HEADER_CHECK, true) !== checksum || kind === undefined) {
      throw invalid("its header is damaged");
    }
    return {
      name: textAt(header, layout.HEADER_NAME, layout.NAME_BYTES),
      kind,
      codecId: textAt(header, layout.HEADER_CODEC, layout.CODEC_BYTES),
      capacity: view.getUint32(layout.HEADER_CAPACITY, true),
      begunAt: new Date(view.getFloat64(layout.HEADER_BEGUN_AT, true)),
    };
  }

  /** The messages in their order, up to the end or to what is not whole: `problem` tells. */
  *messages(): Generator<RecordedMessage> {
    let messages = 0;
    while (true) {
      const at = this.#offset;
      const head = this.#read(layout.ENTRY_BYTES);
      const view = new DataView(head.buffer, 0, head.length);
      if (head.length < layout.ENTRY_BYTES) {
        this.problem = head.length === 0
          ? `it was not ended: its recorder was killed, or the file was cut off at byte ${at}`
          : `it ends in the middle of the entry at byte ${at}`;
        return;
      }
      const length = view.getUint32(layout.ENTRY_LENGTH, true);
      const payload = length <= MAX_MESSAGE_BYTES ? this.#read(layout.padded(length)) : undefined;
      if (payload && payload.length < length) {
        this.problem = `it ends in the middle of the entry at byte ${at}`;
        return;
      }
      const bytes = payload?.subarray(0, length);
      if (!bytes || !isIntact(head, view, bytes)) {
        this.problem = `the entry at byte ${at} is damaged`;
        return;
      }
      const type = view.getUint32(layout.ENTRY_TYPE, true);
      if (type === layout.TYPE_END) {
        return this.#checkCount(view.getFloat64(layout.ENTRY_NUMBER, true), messages);
      }
      if (type === layout.TYPE_MISSED) this.missed += view.getFloat64(layout.ENTRY_NUMBER, true);
      if (type !== layout.TYPE_MESSAGE) continue;
      messages++;
      yield messageOf(view, bytes);
    }
  }

  #checkCount(recorded: number, messages: number): void {
    if (recorded !== messages) {
      this.problem = `it has ${messages} messages, and tells of ${recorded}`;
    }
  }

  /** Up to so many bytes. */
  #read(bytes: number): Uint8Array<ArrayBuffer> {
    const target = new Uint8Array(bytes);
    let bytesRead = 0;
    while (bytesRead < bytes) {
      const count = this.#file.readSync(target.subarray(bytesRead));
      if (count === null) break;
      bytesRead += count;
    }
    this.#offset += bytesRead;
    return target.subarray(0, bytesRead);
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.#file.close();
  }
}

function isIntact(head: Uint8Array, view: DataView, bytes: Uint8Array): boolean {
  const checksum = crc32(bytes, crc32(head.subarray(0, layout.ENTRY_CHECK)));
  return view.getUint32(layout.ENTRY_CHECK, true) === checksum;
}

function messageOf(view: DataView, bytes: Uint8Array<ArrayBuffer>): RecordedMessage {
  return {
    timeMs: view.getFloat64(layout.ENTRY_TIME, true),
    sequence: view.getFloat64(layout.ENTRY_NUMBER, true),
    lane: view.getUint16(layout.ENTRY_LANE, true),
    flags: view.getUint8(layout.ENTRY_FLAGS),
    bytes,
  };
}

function textAt(header: Uint8Array<ArrayBuffer>, at: number, bytes: number): string {
  const text = header.subarray(at, at + bytes);
  const end = text.indexOf(0);
  return decoder.decode(end < 0 ? text : text.subarray(0, end));
}
