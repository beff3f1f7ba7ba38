/**
 * A process that receives by every call of a puller that acknowledges, holds what it got for a while,
 * and acknowledges it or gives it back.
 *
 * @module
 */

import { type Delivery, Puller, ShmTimeoutError } from "../../mod.ts";
import { block, now, pause } from "./clock.ts";
import { DONE, RECEIVED, RETURNED } from "./journal.ts";
import { type Label, verify } from "./message.ts";
import type { Post } from "./task.ts";

const CALLS = { tryRecv: 30, recvSync: 25, recv: 20, drain: 25 };
const ENDS = { ack: 90, nack: 6, dispose: 4 };
const LIMITS = [1, 8, 64, 256];

const TIMEOUT_MS = 20;
const MOST_AT_ONCE = 64;
/** Share of calls after which what is held, the oldest first, is settled. */
const SETTLING_CALLS = 0.5;
/** Share of calls after which it is busy for some milliseconds. */
const SLOW_CALLS = 0.002;
/** Share of sockets that close with what they hold. */
const CARELESS_CLOSES = 0.5;

/** Receives until it is told to end, through one socket after the other. */
export async function acknowledge(post: Post): Promise<void> {
  while (!post.isOver) {
    using acknowledger = new Acknowledger(post);
    await acknowledger.run();
  }
}

interface Held {
  delivery: Delivery<Uint8Array>;
  label: Label;
}

class Acknowledger implements Disposable {
  readonly #post: Post;
  readonly #stream: number;
  readonly #socket: Puller<Delivery<Uint8Array>>;
  readonly #maxUnacked: number;
  readonly #held: Held[] = [];

  constructor(post: Post) {
    this.#post = post;
    this.#stream = post.nextStream();
    const { journal, options, task, random } = post;
    this.#maxUnacked = random.pick(LIMITS);
    const opened = journal.beginOpening(this.#stream);
    const ackOptions = { ...options, ack: true, maxUnacked: this.#maxUnacked } as const;
    this.#socket = new Puller<Uint8Array>(task.channel, ackOptions);
    journal.finish(opened, 0);
  }

  /** Receives until the socket has to make place for the next one. */
  run(): Promise<void> {
    return this.#post.work(() => this.#call(), () => this.#rest());
  }

  /** All that is there is received, and nothing held, before a rest. */
  async #rest(): Promise<void> {
    do this.#acknowledgeAll(); while (!this.#post.isOver && this.#tryRecv());
    await this.#post.rest();
  }

  #acknowledgeAll(): void {
    while (this.#held.length > 0) this.#settle("ack");
  }

  async #call(): Promise<void> {
    const { random } = this.#post;
    if (this.#held.length >= this.#maxUnacked) this.#settle(random.weighted(ENDS));
    const hasReceived = await this.#by(random.weighted(CALLS));
    if (random.chance(SLOW_CALLS)) block(random.between(5, 30));
    if (random.chance(SETTLING_CALLS)) {
      for (let left = random.between(1, this.#maxUnacked); left > 0; left--) {
        this.#settle(random.weighted(ENDS));
      }
    }
    if (!hasReceived) await pause(0);
  }

  #by(call: keyof typeof CALLS): boolean | Promise<boolean> {
    switch (call) {
      case "tryRecv":
        return this.#tryRecv();
      case "recvSync":
        return this.#noted(1, () => this.#recvSync());
      case "recv":
        return this.#recv();
      case "drain": {
        const most = this.#post.random.between(1, MOST_AT_ONCE);
        return this.#noted(most, () => this.#socket.drain(most));
      }
    }
  }

  #tryRecv(): boolean {
    return this.#noted(1, () => {
      const delivery = this.#socket.tryRecv();
      return delivery === undefined ? [] : [delivery];
    });
  }

  #recvSync(): Delivery<Uint8Array>[] {
    try {
      return [this.#socket.recvSync({ timeoutMs: TIMEOUT_MS })];
    } catch (error) {
      if (error instanceof ShmTimeoutError) return [];
      throw error;
    }
  }

  async #recv(): Promise<boolean> {
    const began = this.#post.journal.beginReceive(1);
    const received = await this.#socket.recv({ timeoutMs: TIMEOUT_MS }).catch((error) => {
      if (!(error instanceof ShmTimeoutError)) throw error;
    });
    return this.#note(began, received === undefined ? [] : [received]);
  }

  /** Notes an operation before it, and what it received after it. */
  #noted(limit: number, operation: () => Delivery<Uint8Array>[]): boolean {
    const began = this.#post.journal.beginReceive(limit);
    return this.#note(began, operation());
  }

  #note(began: number, received: Delivery<Uint8Array>[]): boolean {
    const { journal, task } = this.#post;
    for (const delivery of received) {
      const label = verify(delivery.value, task.capacityBytes);
      const { stream, sequence } = label;
      const kind = RECEIVED;
      journal.add(kind, this.#stream, stream, sequence, began, now(), delivery.deliveries);
      this.#held.push({ delivery, label });
    }
    journal.endReceive();
    return received.length > 0;
  }

  /** Ends the oldest that is held, if any is. */
  #settle(end: keyof typeof ENDS): void {
    const held = this.#held.shift();
    if (held === undefined) return;
    const { journal } = this.#post;
    const { stream, sequence } = held.label;
    const kind = end === "ack" ? DONE : RETURNED;
    const entry = journal.add(kind, this.#stream, stream, sequence, now(), 0);
    if (end === "dispose") held.delivery[Symbol.dispose]();
    else held.delivery[end]();
    journal.finish(entry, sequence);
  }

  [Symbol.dispose](): void {
    if (!this.#post.random.chance(CARELESS_CLOSES)) this.#acknowledgeAll();
    const closed = this.#post.journal.beginClosing(this.#stream, 0);
    this.#socket.close();
    this.#post.journal.finish(closed, 0);
  }
}
