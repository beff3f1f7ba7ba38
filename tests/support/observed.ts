/**
 * Channels as one sees them who takes no part.
 *
 * @module
 */

import { Decoder } from "../../lib/observe/decode.ts";
import type { Issue } from "../../lib/observe/issue.ts";
import type { ObservedMessage, Since } from "../../lib/observe/lane_reader.ts";
import { ChannelReader } from "../../lib/observe/reader.ts";
import { SegmentFile } from "../../lib/observe/segment_file.ts";
import type { ByteSource } from "../../lib/segment/byte_source.ts";

/** An observer of one channel. */
export class Observer implements Disposable {
  readonly reader: ChannelReader;
  readonly file: SegmentFile;
  /** Missed messages reported so far. */
  missed = 0;
  readonly issues: Issue[] = [];

  /** Opens a channel's file. */
  constructor(path: string, since: Since) {
    this.file = SegmentFile.open(path);
    this.reader = new ChannelReader(this.file, path, since);
  }

  /** All messages that arrived since the last call. */
  messages(): ObservedMessage[] {
    const messages: ObservedMessage[] = [];
    while (true) {
      const seen = this.reader.read();
      messages.push(...seen.messages);
      this.missed += seen.missed;
      this.issues.push(...seen.issues);
      if (!seen.hasMore) return messages;
    }
  }

  /** Their values. */
  values(): unknown[] {
    const decoder = new Decoder(this.reader.config);
    return this.messages().map((message) => decoder.decode(message));
  }

  [Symbol.dispose](): void {
    this.file[Symbol.dispose]();
  }
}

/** Bytes in memory as a file would give them; `onRead` is called before each read. */
export class BytesInMemory implements ByteSource {
  bytes: Uint8Array<ArrayBuffer>;
  readonly #onRead: (self: BytesInMemory) => void;

  constructor(
    bytes: Uint8Array<ArrayBuffer>,
    onRead: (self: BytesInMemory) => void = () => {},
  ) {
    this.bytes = bytes;
    this.#onRead = onRead;
  }

  size(): number {
    return this.bytes.length;
  }

  read(offset: number, bytes: number): Uint8Array<ArrayBuffer> {
    this.#onRead(this);
    return this.bytes.slice(offset, offset + bytes);
  }
}
