/**
 * A process that sends by every call there is.
 *
 * @module
 */

import { Publisher, Pusher, ShmBufferFullError } from "../../mod.ts";
import { block, now, pause } from "./clock.ts";
import { SENT } from "./journal.ts";
import { fill, fillAborted, make, sizeOf } from "./message.ts";
import type { Post } from "./task.ts";

const CALLS = {
  send: 30,
  sendSync: 20,
  sendAsync: 8,
  sendMany: 15,
  commit: 20,
  abort: 7,
};

const TIMEOUT_MS = 50;
const MOST_AT_ONCE = 24;
const MOST_CALLS_PER_BURST = 40;
const MOST_PAUSE_MS = 4;
/** Share of loans that are held for some milliseconds. */
const SLOW_LOANS = 0.02;

/** Sends until it is told to end, through one socket after the other. */
export async function send(post: Post): Promise<void> {
  while (!post.isOver) {
    using sender = new Sender(post);
    await sender.run();
  }
}

class Sender implements Disposable {
  readonly #post: Post;
  readonly #stream: number;
  readonly #socket: Publisher<Uint8Array> | Pusher<Uint8Array>;
  #sequence = 0;

  constructor(post: Post) {
    this.#post = post;
    this.#stream = post.nextStream();
    const { journal, options, task } = post;
    const opened = journal.beginOpening(this.#stream);
    const Socket = task.part === "publisher" ? Publisher : Pusher;
    this.#socket = new Socket<Uint8Array>(task.channel, options);
    journal.finish(opened, 0);
  }

  /** Sends until the socket has to make place for the next one. */
  async run(): Promise<void> {
    const { random } = this.#post;
    while (!this.#post.isTimeToReopen()) {
      const calls = random.between(1, MOST_CALLS_PER_BURST);
      for (let i = 0; i < calls && this.#post.isRunning; i++) await this.#call();
      await pause(random.between(0, MOST_PAUSE_MS));
      await this.#post.rest();
      if (this.#post.isOver) return;
    }
  }

  async #call(): Promise<void> {
    const messages = this.#post.random.between(1, MOST_AT_ONCE);
    if (!this.#post.mayCount(messages)) return block(1);
    const accepted = await this.#by(this.#post.random.weighted(CALLS), messages);
    this.#sequence += accepted;
  }

  #by(call: keyof typeof CALLS, messages: number): number | Promise<number> {
    switch (call) {
      case "send":
        return this.#noted(1, () => Number(this.#socket.send(this.#make(0))));
      case "sendSync":
        return this.#noted(1, () => this.#sendSync());
      case "sendAsync":
        return this.#sendAsync();
      case "sendMany":
        return this.#noted(messages, () => this.#sendMany(messages));
      case "commit":
        return this.#commit();
      case "abort":
        return this.#abort();
    }
  }

  /** Notes an operation before and after it. */
  #noted(messages: number, operation: () => number): number {
    const entry = this.#note(messages);
    const accepted = operation();
    this.#post.journal.finish(entry, accepted);
    if (accepted < messages) block(1);
    return accepted;
  }

  #note(messages: number): number {
    return this.#post.journal.add(SENT, this.#stream, this.#sequence, messages, now(), 0);
  }

  #make(ahead: number): Uint8Array<ArrayBuffer> {
    const label = { stream: this.#stream, sequence: this.#sequence + ahead };
    return make(label, this.#post.task.capacityBytes);
  }

  #sendSync(): number {
    try {
      this.#socket.sendSync(this.#make(0), { timeoutMs: TIMEOUT_MS });
      return 1;
    } catch (error) {
      return refused(error);
    }
  }

  async #sendAsync(): Promise<number> {
    const entry = this.#note(1);
    const timeoutMs = TIMEOUT_MS;
    const sent = this.#socket.sendAsync(this.#make(0), { timeoutMs }).then(() => 1, refused);
    const accepted = await sent;
    this.#post.journal.finish(entry, accepted);
    return accepted;
  }

  #sendMany(messages: number): number {
    const values = Array.from({ length: messages }, (_, ahead) => this.#make(ahead));
    return this.#socket.sendMany(values);
  }

  #commit(): number {
    const label = { stream: this.#stream, sequence: this.#sequence };
    const loan = this.#socket.loan(sizeOf(label, this.#post.task.capacityBytes));
    if (loan === undefined) return 0;
    fill(loan.bytes, label);
    this.#linger();
    return this.#noted(1, () => {
      loan.commit();
      return 1;
    });
  }

  #abort(): number {
    const label = { stream: this.#stream, sequence: this.#sequence };
    using loan = this.#socket.loan(sizeOf(label, this.#post.task.capacityBytes));
    if (loan === undefined) return 0;
    fillAborted(loan.bytes, label);
    this.#linger();
    if (this.#post.random.chance(0.5)) loan.abort();
    return 0;
  }

  #linger(): void {
    const { random } = this.#post;
    if (random.chance(SLOW_LOANS)) block(random.between(1, 20));
  }

  [Symbol.dispose](): void {
    const closed = this.#post.journal.beginClosing(this.#stream, 0);
    this.#socket.close();
    this.#post.journal.finish(closed, 0);
  }
}

function refused(error: unknown): number {
  if (error instanceof ShmBufferFullError) return 0;
  throw error;
}
