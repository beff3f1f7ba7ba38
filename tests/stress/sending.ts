/**
 * A process that sends by every call of a socket.
 *
 * @module
 */

import { type Loan, Publisher, Pusher, ShmBufferFullError } from "../../mod.ts";
import { block, now, sleep } from "./clock.ts";
import { SENT } from "./journal.ts";
import { fill, fillAborted, type Label, make, sizeOf } from "./message.ts";
import type { ProcessContext } from "./task.ts";
import { runOf, topicOf } from "./topics.ts";

const CALLS = {
  send: 30,
  sendSync: 20,
  sendAsync: 8,
  sendMany: 15,
  commit: 20,
  abort: 7,
};

const TIMEOUT_MS = 50;
const MAX_AT_ONCE = 24;
const MAX_CALLS_PER_BURST = 40;
const MAX_PAUSE_MS = 4;
/** Share of loans that are kept for some milliseconds. */
const SLOW_LOANS = 0.02;

/** Sends until it is ordered to end, through one socket after the other. */
export async function send(context: ProcessContext): Promise<void> {
  while (!context.isOver) {
    using sender = new Sender(context);
    await sender.run();
  }
}

class Sender implements Disposable {
  readonly #context: ProcessContext;
  readonly #stream: number;
  /** Only an announcer passes topics. */
  readonly #socket: Publisher<Uint8Array>;
  readonly #hasTopics: boolean;
  #sequence = 0;

  constructor(context: ProcessContext) {
    this.#context = context;
    this.#stream = context.nextStream();
    const { journal, senderOptions, task } = context;
    const opened = journal.beginOpening(this.#stream);
    this.#hasTopics = task.part === "announcer";
    const Socket = task.part === "publisher" || this.#hasTopics ? Publisher : Pusher;
    this.#socket = new Socket<Uint8Array>(task.channel, senderOptions) as Publisher<Uint8Array>;
    journal.finish(opened, 0);
  }

  /** Sends until it is time for the next socket. */
  async run(): Promise<void> {
    const { random } = this.#context;
    while (!this.#context.isTimeToReopen()) {
      const calls = random.between(1, MAX_CALLS_PER_BURST);
      for (let i = 0; i < calls && this.#context.isRunning; i++) await this.#call();
      await sleep(random.between(0, MAX_PAUSE_MS));
      await this.#context.quiesce();
      if (this.#context.isOver) return;
    }
  }

  async #call(): Promise<void> {
    const most = this.#hasTopics ? runOf(this.#sequence) : MAX_AT_ONCE;
    const messages = this.#context.random.between(1, most);
    if (!this.#context.mayCount(messages)) return block(1);
    const accepted = await this.#by(this.#context.random.weighted(CALLS), messages);
    this.#sequence += accepted;
  }

  #by(call: keyof typeof CALLS, messages: number): number | Promise<number> {
    switch (call) {
      case "send":
        return this.#recorded(1, () => Number(this.#socket.send(this.#make(0), this.#topic)));
      case "sendSync":
        return this.#recorded(1, () => this.#sendSync());
      case "sendAsync":
        return this.#sendAsync();
      case "sendMany":
        return this.#recorded(messages, () => this.#sendMany(messages));
      case "commit":
        return this.#commit();
      case "abort":
        return this.#abort();
    }
  }

  /** Records an operation before and after it. */
  #recorded(messages: number, operation: () => number): number {
    const entry = this.#record(messages);
    const accepted = operation();
    this.#context.journal.finish(entry, accepted);
    if (accepted < messages) block(1);
    return accepted;
  }

  #record(messages: number): number {
    return this.#context.journal.add(SENT, this.#stream, this.#sequence, messages, now(), 0);
  }

  /** The label of the next message. */
  get #label(): Label {
    return { stream: this.#stream, sequence: this.#sequence };
  }

  /** The topic of the next message, as an option. */
  get #topic(): { topic: string } | undefined {
    return this.#hasTopics ? { topic: topicOf(this.#label) } : undefined;
  }

  #make(ahead: number): Uint8Array<ArrayBuffer> {
    const label = { stream: this.#stream, sequence: this.#sequence + ahead };
    return make(label, this.#context.task.capacityBytes);
  }

  #sendSync(): number {
    try {
      this.#socket.sendSync(this.#make(0), { ...this.#topic, timeoutMs: TIMEOUT_MS });
      return 1;
    } catch (error) {
      return rejected(error);
    }
  }

  async #sendAsync(): Promise<number> {
    const entry = this.#record(1);
    const options = { ...this.#topic, timeoutMs: TIMEOUT_MS };
    const sent = this.#socket.sendAsync(this.#make(0), options).then(() => 1, rejected);
    const accepted = await sent;
    this.#context.journal.finish(entry, accepted);
    return accepted;
  }

  #sendMany(messages: number): number {
    const values = Array.from({ length: messages }, (_, ahead) => this.#make(ahead));
    return this.#hasTopics
      ? this.#socket.sendMany(values, this.#topic)
      : this.#socket.sendMany(values);
  }

  #commit(): number {
    const label = this.#label;
    const loan = this.#loan();
    if (loan === undefined) return 0;
    fill(loan.bytes, label);
    this.#delayCommit();
    return this.#recorded(1, () => {
      loan.commit();
      return 1;
    });
  }

  /** Space for the next message. */
  #loan(): Loan | undefined {
    const bytes = sizeOf(this.#label, this.#context.task.capacityBytes);
    return this.#hasTopics ? this.#socket.loan(bytes, this.#topic) : this.#socket.loan(bytes);
  }

  #abort(): number {
    const label = this.#label;
    using loan = this.#loan();
    if (loan === undefined) return 0;
    fillAborted(loan.bytes, label);
    this.#delayCommit();
    if (this.#context.random.chance(0.5)) loan.abort();
    return 0;
  }

  #delayCommit(): void {
    const { random } = this.#context;
    if (random.chance(SLOW_LOANS)) block(random.between(1, 20));
  }

  [Symbol.dispose](): void {
    const closed = this.#context.journal.beginClosing(this.#stream, 0);
    this.#socket.close();
    this.#context.journal.finish(closed, 0);
  }
}

function rejected(error: unknown): number {
  if (error instanceof ShmBufferFullError) return 0;
  throw error;
}
