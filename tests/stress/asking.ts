/**
 * A process that sends requests, one at a time and many at once.
 *
 * @module
 */

import { Requester, ShmBufferFullError, ShmPeerLostError } from "../../mod.ts";
import { now, pause } from "./clock.ts";
import { REQUESTED } from "./journal.ts";
import { make, verify } from "./message.ts";
import type { Post } from "./task.ts";

const CALLS = { request: 50, requestSync: 35, twoStep: 15 };

/** Far longer than any reply takes: nobody may have to wait for it. */
const TIMEOUT_MS = 60_000;
const MOST_AT_ONCE = 32;
const MOST_PAUSE_MS = 2;

/** How a request ended. */
export const REPLIED = 1;
/** Its replier died. */
export const LOST = 2;
/** It was not accepted. */
export const REFUSED = 3;

/** Set in the stream of a reply. */
export const REPLY_BIT = 1 << 30;

/** Sends requests until it is told to end, through one socket after the other. */
export async function ask(post: Post): Promise<void> {
  while (!post.isOver) {
    using asker = new Asker(post);
    await asker.run();
  }
}

class Asker implements Disposable {
  readonly #post: Post;
  readonly #stream: number;
  readonly #socket: Requester<Uint8Array, Uint8Array>;
  #sequence = 0;

  constructor(post: Post) {
    this.#post = post;
    this.#stream = post.nextStream();
    const { journal, options, task } = post;
    const opened = journal.beginOpening(this.#stream);
    this.#socket = new Requester<Uint8Array, Uint8Array>(task.channel, options);
    journal.finish(opened, 0);
  }

  /** Sends requests until the socket has to make place for the next one. */
  async run(): Promise<void> {
    while (!this.#post.isTimeToReopen()) {
      const count = this.#post.random.between(1, MOST_AT_ONCE);
      if (this.#post.isRunning && this.#post.mayCount(count)) await this.#call(count);
      await pause(this.#post.random.between(0, MOST_PAUSE_MS));
      await this.#post.rest();
      if (this.#post.isOver) return;
    }
  }

  async #call(count: number): Promise<void> {
    const call = this.#post.random.weighted(CALLS);
    if (call === "request") await Promise.all(Array.from({ length: count }, () => this.#request()));
    else if (call === "twoStep") await this.#twoStep(count);
    else for (let i = 0; i < count && this.#post.isRunning; i++) this.#requestSync();
  }

  #next(): { entry: number; sequence: number; bytes: Uint8Array } {
    const sequence = this.#sequence++;
    const bytes = make({ stream: this.#stream, sequence }, this.#post.task.capacityBytes);
    const entry = this.#post.journal.add(REQUESTED, this.#stream, sequence, 0, now(), 0);
    return { entry, sequence, bytes };
  }

  async #request(): Promise<void> {
    const { entry, sequence, bytes } = this.#next();
    try {
      this.#check(sequence, await this.#socket.request(bytes, { timeoutMs: TIMEOUT_MS }));
      this.#post.journal.finish(entry, REPLIED);
    } catch (error) {
      this.#post.journal.finish(entry, outcomeOf(error));
    }
  }

  #requestSync(): void {
    const { entry, sequence, bytes } = this.#next();
    try {
      this.#check(sequence, this.#socket.requestSync(bytes, { timeoutMs: TIMEOUT_MS }));
      this.#post.journal.finish(entry, REPLIED);
    } catch (error) {
      this.#post.journal.finish(entry, outcomeOf(error));
    }
  }

  /** Sends several, then receives their replies in the order of sending. */
  async #twoStep(count: number): Promise<void> {
    const sent: { entry: number; sequence: number }[] = [];
    for (let i = 0; i < count; i++) {
      const request = this.#next();
      if (this.#socket.send(request.bytes)) sent.push(request);
      else this.#post.journal.finish(request.entry, REFUSED);
    }
    for (const { entry, sequence } of sent) {
      try {
        this.#check(sequence, await this.#socket.recv({ timeoutMs: TIMEOUT_MS }));
        this.#post.journal.finish(entry, REPLIED);
      } catch (error) {
        this.#post.journal.finish(entry, outcomeOf(error));
      }
    }
  }

  #check(sequence: number, reply: Uint8Array): void {
    const label = verify(reply, this.#post.task.capacityBytes);
    if (label.stream === (this.#stream | REPLY_BIT) && label.sequence === sequence) return;
    throw new Error(
      `request ${sequence} of ${this.#stream} got the reply to ${label.sequence} of ` +
        `${label.stream & ~REPLY_BIT}`,
    );
  }

  [Symbol.dispose](): void {
    const closed = this.#post.journal.beginClosing(this.#stream, 0);
    this.#socket.close();
    this.#post.journal.finish(closed, 0);
  }
}

function outcomeOf(error: unknown): number {
  if (error instanceof ShmPeerLostError) return LOST;
  if (error instanceof ShmBufferFullError) return REFUSED;
  throw error;
}
