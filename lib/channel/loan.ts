/**
 * Writing messages in place, without a copy.
 *
 * @module
 */

import { checkNoMore } from "../base/checks.ts";
import type { Attachment } from "./attachment.ts";

/** Space in the ring to write a message into. */
export interface Loan extends Disposable {
  /** The message's bytes, in shared memory. Invalid after `commit` or `abort`. */
  readonly bytes: Uint8Array<ArrayBufferLike>;
  /** Sends the message. */
  commit(): void;
  /** Releases the space unsent; disposing a loan that was not committed does the same. */
  abort(): void;
}

/** Space that was claimed for a loan, and how the loan ends. */
export interface LentSpace {
  readonly bytes: Uint8Array<ArrayBufferLike>;
  commit(): void;
  abort(): void;
}

/** A loan, which ends once. */
export class SenderLoan implements Loan {
  readonly bytes: Uint8Array<ArrayBufferLike>;
  readonly #attachment: Attachment;
  readonly #space: LentSpace;
  readonly #end: (action: () => void) => void;
  #isDone = false;

  /** `end` is called once, with what ends the loan. */
  constructor(attachment: Attachment, space: LentSpace, end: (action: () => void) => void) {
    this.bytes = space.bytes;
    this.#attachment = attachment;
    this.#space = space;
    this.#end = end;
  }

  commit(): void {
    if (arguments.length > 0) checkNoMore("commit()", arguments, 0, "loan() with that length");
    this.#attachment.checkOpen();
    this.#checkNotDone();
    this.#finish(() => this.#space.commit());
  }

  abort(): void {
    this.#checkNotDone();
    this.#finish(() => this.#space.abort());
  }

  #checkNotDone(): void {
    if (this.#isDone) throw new TypeError("this loan was committed or aborted already");
  }

  /** A closed socket has released its loan. */
  #finish(action: () => void): void {
    if (this.#attachment.isClosed) return;
    this.#isDone = true;
    this.#end(action);
  }

  [Symbol.dispose](): void {
    if (!this.#isDone) this.#finish(() => this.#space.abort());
  }
}
