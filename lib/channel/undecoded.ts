/**
 * Messages that were taken and are not decoded yet.
 *
 * @module
 */

import type { ReceivedFrame } from "./frame_cursor.ts";

/**
 * Frames that `drain` took, from the first one on that could not be decoded. The error of that one is
 * thrown by a later call, so that it does not cost the messages before and behind it.
 */
export class UndecodedFrames<F extends ReceivedFrame, T> {
  readonly #frames: F[] = [];
  readonly #decode: (frame: F) => T;

  constructor(decode: (frame: F) => T) {
    this.#decode = decode;
  }

  /** Frames that are kept. */
  get length(): number {
    return this.#frames.length;
  }

  /** The oldest frame; there has to be one. */
  get first(): F {
    return this.#frames[0];
  }

  /** Removes the oldest frame. */
  shift(): F | undefined {
    return this.#frames.length === 0 ? undefined : this.#frames.shift();
  }

  /** Decodes a frame into `values`; keeps it if that fails, or if others are kept before it. */
  decodeOrKeep(frame: F, values: T[]): void {
    if (this.#frames.length > 0 || !this.#tryDecode(frame, values)) {
      this.#frames.push({ ...frame, bytes: frame.bytes.slice() });
    }
  }

  /** Keeps a frame whose bytes are its own. */
  keep(frame: F): void {
    this.#frames.push(frame);
  }

  /** Decodes the oldest frame into `values`; false if that fails, and the frame stays. */
  tryDecodeFirst(values: T[]): boolean {
    if (!this.#tryDecode(this.#frames[0], values)) return false;
    this.#frames.shift();
    return true;
  }

  #tryDecode(frame: F, values: T[]): boolean {
    try {
      values.push(this.#decode(frame));
      return true;
    } catch {
      return false;
    }
  }
}
