/**
 * Notes: a text that travels in front of a value, whatever the codec. Receivers that want none skip it.
 *
 * @module
 */

import { type Encoded, Encoder } from "./encoder.ts";
import { RECORD_HEADERS } from "../../wasm/layout.ts";

/** Longest note, in bytes of UTF-8. */
export const MAX_NOTE_BYTES = 1024;

const LENGTH_BYTES = 4;
const textEncoder = new TextEncoder();

/** Bytes that a note takes; what follows is aligned to 8. */
export function noteRoom(noteBytes: number): number {
  return (LENGTH_BYTES + noteBytes + 7) & ~7;
}

/** A value and what is noted on it. */
export class Noted<T = unknown> {
  readonly value: T;
  readonly note: string;

  constructor(value: T, note: string) {
    this.value = value;
    this.note = note;
  }
}

/** Encodes values, and what is noted on them. */
export class NotingEncoder extends Encoder {
  #scratch = new Uint8Array(256);

  /**
   * A value as bytes, with the note before it if it is `Noted`.
   *
   * @throws {ShmSerializationError} if it cannot be encoded
   * @throws {RangeError} if the note is too long
   */
  override encode(value: unknown): Encoded {
    if (!(value instanceof Noted)) return super.encode(value);
    const { bytes, flags } = super.encode(value.value);
    const note = textEncoder.encode(value.note);
    if (note.length > MAX_NOTE_BYTES) {
      throw new RangeError(`a note has at most ${MAX_NOTE_BYTES} bytes, not ${note.length}`);
    }
    return { bytes: this.#join(note, bytes), flags: flags | RECORD_HEADERS };
  }

  #join(note: Uint8Array, bytes: Uint8Array): Uint8Array {
    const room = noteRoom(note.length);
    const length = room + bytes.length;
    if (this.#scratch.length < length) this.#scratch = new Uint8Array(length);
    const scratch = this.#scratch;
    new DataView(scratch.buffer).setUint32(0, note.length, true);
    scratch.set(note, LENGTH_BYTES);
    scratch.fill(0, LENGTH_BYTES + note.length, room);
    scratch.set(bytes, room);
    return scratch.subarray(0, length);
  }
}
