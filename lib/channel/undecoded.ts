/**
 * Messages that were taken and are not decoded yet, and errors that later calls have to throw.
 *
 * @module
 */

import type { ReceivedFrame } from "./frame_cursor.ts";

class Failure {
  constructor(readonly error: unknown) {}
}

/**
 * Frames that `drain` took, from the first one on that could not be decoded. The error of that one is
 * thrown by a later call, so that it does not cost the messages before and behind it.
 */
export class UndecodedFrames<F extends ReceivedFrame, T> {
  readonly #frames: (F | Failure)[] = [];
  readonly #decode: (frame: F) => T;

  constructor(decode: (frame: F) => T) {
    this.#decode = decode;
  }

  /** Frames and errors that are kept. */
  get length(): number {
    return this.#frames.length;
  }

  /** Removes and returns all frames that are kept. */
  removeAll(): F[] {
    return this.#frames.splice(0).flatMap((frame) => frame instanceof Failure ? [] : [frame]);
  }

  /** The oldest frame; there has to be one. If an error comes first, it is removed and thrown. */
  get first(): F {
    const first = this.#frames[0];
    if (!(first instanceof Failure)) return first;
    this.#frames.shift();
    throw first.error;
  }

  /** Removes the oldest frame. If an error comes first, it is removed and thrown. */
  shift(): F | undefined {
    if (this.#frames.length === 0) return undefined;
    const first = this.#frames.shift()!;
    if (first instanceof Failure) throw first.error;
    return first;
  }

  /** Decodes a frame into `values`; keeps it if that fails, or if others are kept before it. */
  decodeOrKeep(frame: F, values: T[]): void {
    if (this.#frames.length > 0 || !this.#tryDecode(frame, values)) {
      this.#frames.push({ ...frame, bytes: frame.bytes.slice() });
    }
  }

  /**
   * True if a call that receives would return or throw something that is kept, or that the cursor finds. An error
   * of the cursor is kept for that call.
   */
  isReady(cursor: { hasNext(): boolean }): boolean {
    if (this.#frames.length > 0) return true;
    try {
      return cursor.hasNext();
    } catch (error) {
      this.keepError(error);
      return true;
    }
  }

  /** Keeps the error of a call that has received messages. */
  keepError(error: unknown): void {
    this.#frames.push(new Failure(error));
  }

  /** Keeps a frame whose bytes are its own. */
  keep(frame: F): void {
    this.#frames.push(frame);
  }

  /** Decodes the oldest frame into `values`; false if that fails, and the frame stays. */
  tryDecodeFirst(values: T[]): boolean {
    const first = this.#frames[0];
    if (first instanceof Failure || !this.#tryDecode(first, values)) return false;
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
