/**
 * Reads a recording. Intact entries are returned, whatever follows them.
 *
 * @module
 */

import { crc32 } from "../base/crc32.ts";
import { pluralize } from "../base/pluralize.ts";
import { KINDS } from "../segment/format.ts";
import { MAX_MESSAGE_BYTES } from "../channel/block_allocator.ts";
import { type Row, rowAt } from "../base/structure.ts";
import { RecordingError } from "./errors.ts";
import * as layout from "./layout.ts";
import { ENTRY, HEADER } from "./structures.ts";
import type { RecordedMessage, RecordingInfo } from "./writer.ts";
import { readTopic } from "../channel/topics.ts";
import { RECORD_TOPIC } from "../../wasm/layout.ts";
import { messageOf } from "../base/thrown.ts";

const decoder = new TextDecoder();

/** An entry and its payload. */
interface Entry extends Row<typeof ENTRY> {
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Reads one recording. */
export class RecordingReader implements Disposable {
  /** The recorded channel. */
  readonly info: RecordingInfo;
  /** Messages that the recorder missed, as far as the recording was read. */
  missed = 0;
  /** Why the recording ends early, once it was read to there. */
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
      throw unreadable(path, cause);
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
      throw invalid(`it ends in its header, after ${pluralize(header.length, "byte")}`);
    }
    const row = rowAt(HEADER, new DataView(header.buffer), 0);
    const { version } = row;
    if (version < layout.FIRST_VERSION || version > layout.VERSION) {
      throw invalid(
        `its format has version ${version}, and this program reads ${layout.FIRST_VERSION} to ` +
          layout.VERSION,
      );
    }
    const checksum = crc32(header.subarray(0, layout.HEADER_CHECK));
    const kind = KINDS[row.kind];
    if (row.check !== checksum || kind === undefined) throw invalid("its header is damaged");
    return {
      name: textOf(row.name),
      kind,
      codecId: textOf(row.codec),
      capacity: row.capacity,
      begunAt: new Date(row.begunAt),
    };
  }

  /** The messages in their order, up to the end or to the first damage, which `problem` describes. */
  *messages(): Generator<RecordedMessage> {
    let messages = 0;
    while (true) {
      const entry = this.#readEntry();
      if (entry === undefined) return;
      const { type, timeMs, number, lane, flags, bytes } = entry;
      if (type === layout.TYPE_END) return this.#checkCount(number, messages);
      if (type === layout.TYPE_MISSED) this.missed += number;
      if (type !== layout.TYPE_MESSAGE) continue;
      const content = contentOf(flags, bytes);
      if (content === undefined) return this.#fail("the topic of a message is damaged");
      messages++;
      yield { timeMs, sequence: number, lane, ...content };
    }
  }

  /** The next entry with its payload; undefined, with `problem` set, if it is incomplete or damaged. */
  #readEntry(): Entry | undefined {
    const at = this.#offset;
    const head = this.#read(layout.ENTRY_BYTES);
    if (head.length < layout.ENTRY_BYTES) {
      return this.#fail(
        head.length === 0
          ? `it was not ended: its recorder was killed, or the file was cut off at byte ${at}`
          : `it ends in the middle of the entry at byte ${at}`,
      );
    }
    const row = rowAt(ENTRY, new DataView(head.buffer), 0);
    if (row.length > MAX_MESSAGE_BYTES) return this.#fail(`the entry at byte ${at} is damaged`);
    const payload = this.#read(layout.padded(row.length));
    if (payload.length < row.length) {
      return this.#fail(`it ends in the middle of the entry at byte ${at}`);
    }
    const bytes = payload.subarray(0, row.length);
    const checksum = crc32(bytes, crc32(head.subarray(0, layout.ENTRY_CHECK)));
    if (row.check !== checksum) return this.#fail(`the entry at byte ${at} is damaged`);
    return { ...row, bytes };
  }

  #fail(problem: string): undefined {
    this.problem = problem;
  }

  #checkCount(recorded: number, messages: number): void {
    if (recorded !== messages) {
      this.problem = `it has ${pluralize(messages, "message")}, and its end counts ${recorded}`;
    }
  }

  /** Reads up to this many bytes. */
  #read(bytes: number): Uint8Array<ArrayBuffer> {
    const target = new Uint8Array(bytes);
    let bytesRead = 0;
    while (bytesRead < bytes) {
      const count = this.#readSome(target.subarray(bytesRead));
      if (count === null) break;
      bytesRead += count;
    }
    this.#offset += bytesRead;
    return target.subarray(0, bytesRead);
  }

  #readSome(target: Uint8Array<ArrayBuffer>): number | null {
    try {
      return this.#file.readSync(target);
    } catch (cause) {
      throw unreadable(this.#path, cause);
    }
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.#file.close();
  }
}

/** The topic of a message and what follows it; undefined if the topic is damaged. */
function contentOf(
  flags: number,
  bytes: Uint8Array<ArrayBuffer>,
): Pick<RecordedMessage, "flags" | "topic" | "bytes"> | undefined {
  if ((flags & RECORD_TOPIC) === 0) return { flags, bytes };
  const parts = readTopic(bytes);
  if (parts === undefined) return undefined;
  const { topic, bytes: topicBytes } = parts;
  return { flags: flags & ~RECORD_TOPIC, topic, bytes: bytes.subarray(topicBytes) };
}

function textOf(bytes: Uint8Array<ArrayBufferLike>): string {
  const end = bytes.indexOf(0);
  return decoder.decode(end < 0 ? bytes : bytes.subarray(0, end));
}

function unreadable(path: string, cause: unknown): RecordingError {
  return new RecordingError(`cannot read ${path}: ${messageOf(cause)}`, { cause });
}
