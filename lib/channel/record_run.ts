/**
 * Records that lie side by side in a ring, copied out with one call, before they are taken together.
 *
 * @module
 */

import type { Attachment } from "./attachment.ts";
import { OwnMemory } from "./copy.ts";
import { RECORD_PAYLOAD } from "../../wasm/layout.ts";

/** Most bytes of a run. They stay in the processor's nearest cache. */
export const RUN_BYTES = 16 * 1024;

/** Gets a message: `length` bytes from `offset` on. */
export type MessageReader = (bytes: Uint8Array, offset: number, length: number) => void;

/** A copy of a run of records. */
export class RecordRun {
  readonly #memory = new OwnMemory(RUN_BYTES);
  #bytes = 0;
  #at = 0;
  /** Messages of the run. */
  messages = 0;
  /** Bytes of all their payloads. */
  payloadBytes = 0;
  /** Messages that `shift` has removed. */
  shifted = 0;

  /** Copies a run in; false if the sizes of its records are not those that the ring has checked. */
  copy({ bytes, ring }: Attachment, offset: number, length: number): boolean {
    this.#memory.bytes.set(bytes.subarray(offset, offset + length));
    this.#bytes = length;
    this.#at =
      this.messages =
      this.payloadBytes =
      this.shifted =
        0;
    let at = 0;
    let hash = 0;
    while (at < length) {
      const payload = this.#payloadAt(at);
      if (payload < 0 || payload > length) return false;
      this.messages++;
      this.payloadBytes += payload;
      hash = Math.imul(hash, 31) + payload + 8 | 0;
      at += recordBytes(payload);
    }
    return at === length && hash === ring.hashOfSizes();
  }

  #payloadAt(at: number): number {
    return this.#memory.words[at >>> 2] - 8;
  }

  /** Passes the messages that are left to a reader, which may remove some. After its error others are left. */
  read(reader: MessageReader): void {
    const { bytes, words } = this.#memory;
    const end = this.#bytes;
    for (let at = this.#at; at < end; at = this.#at) {
      const offset = at + RECORD_PAYLOAD;
      const length = words[at >>> 2] - 8;
      this.#at = at + ((length + (RECORD_PAYLOAD + 7)) & ~7);
      reader(bytes, offset, length);
    }
  }

  /** Adds all messages to a list, as arrays that share a buffer of their own. */
  addTo(list: unknown[]): void {
    const { buffer } = this.#memory.bytes.slice(0, this.#bytes);
    for (let at = 0; at < this.#bytes;) {
      const length = this.#payloadAt(at);
      list.push(new Uint8Array(buffer, at + RECORD_PAYLOAD, length));
      at += recordBytes(length);
    }
  }

  /** Removes the next message that was not read, and returns a copy of it. */
  shift(): Uint8Array<ArrayBuffer> | undefined {
    if (this.#at >= this.#bytes) return undefined;
    const offset = this.#at + RECORD_PAYLOAD;
    const length = this.#payloadAt(this.#at);
    this.#at += recordBytes(length);
    this.shifted++;
    return this.#memory.bytes.slice(offset, offset + length);
  }
}

/** Bytes that a message takes in a ring. */
export function recordBytes(length: number): number {
  return (length + RECORD_PAYLOAD + 7) & ~7;
}
