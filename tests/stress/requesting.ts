/**
 * A process that sends requests, one at a time and many at once.
 *
 * @module
 */

import { Requester, ShmBufferFullError, ShmPeerLostError } from "../../mod.ts";
import { now, sleep } from "./clock.ts";
import { REQUESTED } from "./journal.ts";
import { make, verify } from "./message.ts";
import type { ProcessContext } from "./task.ts";

const CALLS = { request: 50, requestSync: 35, twoStep: 15 };

/** Far longer than any reply takes: no requester may have to wait for it. */
const TIMEOUT_MS = 60_000;
const MAX_AT_ONCE = 32;
const MAX_PAUSE_MS = 2;

/** How a request ended. */
export const REPLIED = 1;
/** Its replier died. */
export const LOST = 2;
/** It was not accepted. */
export const REFUSED = 3;

/** Set in the stream of a reply. */
export const REPLY_BIT = 1 << 30;

/** Sends requests until it is ordered to end, through one socket after the other. */
export async function runRequester(context: ProcessContext): Promise<void> {
  while (!context.isOver) {
    using loop = new RequesterLoop(context);
    await loop.run();
  }
}

class RequesterLoop implements Disposable {
  readonly #context: ProcessContext;
  readonly #stream: number;
  readonly #socket: Requester<Uint8Array, Uint8Array>;
  #sequence = 0;

  constructor(context: ProcessContext) {
    this.#context = context;
    this.#stream = context.nextStream();
    const { journal, senderOptions, task } = context;
    const opened = journal.beginOpening(this.#stream);
    this.#socket = new Requester<Uint8Array, Uint8Array>(task.channel, senderOptions);
    journal.finish(opened, 0);
  }

  /** Sends requests until it is time for the next socket. */
  async run(): Promise<void> {
    while (!this.#context.isTimeToReopen()) {
      const count = this.#context.random.between(1, MAX_AT_ONCE);
      if (this.#context.isRunning && this.#context.mayCount(count)) await this.#call(count);
      await sleep(this.#context.random.between(0, MAX_PAUSE_MS));
      await this.#context.quiesce();
      if (this.#context.isOver) return;
    }
  }

  async #call(count: number): Promise<void> {
    const call = this.#context.random.weighted(CALLS);
    if (call === "request") await Promise.all(Array.from({ length: count }, () => this.#request()));
    else if (call === "twoStep") await this.#twoStep(count);
    else for (let i = 0; i < count && this.#context.isRunning; i++) this.#requestSync();
  }

  #next(): { entry: number; sequence: number; bytes: Uint8Array } {
    const sequence = this.#sequence++;
    const bytes = make({ stream: this.#stream, sequence }, this.#context.task.capacityBytes);
    const entry = this.#context.journal.add(REQUESTED, this.#stream, sequence, 0, now(), 0);
    return { entry, sequence, bytes };
  }

  async #request(): Promise<void> {
    const { entry, sequence, bytes } = this.#next();
    try {
      this.#check(sequence, await this.#socket.request(bytes, { timeoutMs: TIMEOUT_MS }));
      this.#context.journal.finish(entry, REPLIED);
    } catch (error) {
      this.#context.journal.finish(entry, outcomeOf(error));
    }
  }

  #requestSync(): void {
    const { entry, sequence, bytes } = this.#next();
    try {
      this.#check(sequence, this.#socket.requestSync(bytes, { timeoutMs: TIMEOUT_MS }));
      this.#context.journal.finish(entry, REPLIED);
    } catch (error) {
      this.#context.journal.finish(entry, outcomeOf(error));
    }
  }

  /** Sends several, then receives their replies in the order of sending. */
  async #twoStep(count: number): Promise<void> {
    const sent: { entry: number; sequence: number }[] = [];
    for (let i = 0; i < count; i++) {
      const request = this.#next();
      if (this.#socket.send(request.bytes)) sent.push(request);
      else this.#context.journal.finish(request.entry, REFUSED);
    }
    for (const { entry, sequence } of sent) {
      try {
        this.#check(sequence, await this.#socket.recv({ timeoutMs: TIMEOUT_MS }));
        this.#context.journal.finish(entry, REPLIED);
      } catch (error) {
        this.#context.journal.finish(entry, outcomeOf(error));
      }
    }
  }

  #check(sequence: number, reply: Uint8Array): void {
    const label = verify(reply, this.#context.task.capacityBytes);
    if (label.stream === (this.#stream | REPLY_BIT) && label.sequence === sequence) return;
    throw new Error(
      `request ${sequence} of ${this.#stream} got the reply to ${label.sequence} of ` +
        `${label.stream & ~REPLY_BIT}`,
    );
  }

  [Symbol.dispose](): void {
    const closed = this.#context.journal.beginClosing(this.#stream, 0);
    this.#socket.close();
    this.#context.journal.finish(closed, 0);
  }
}

function outcomeOf(error: unknown): number {
  if (error instanceof ShmPeerLostError) return LOST;
  if (error instanceof ShmBufferFullError) return REFUSED;
  throw error;
}
