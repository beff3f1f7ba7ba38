/**
 * A process that receives by every call of a socket.
 *
 * @module
 */

import { Puller, ShmTimeoutError, Subscriber } from "../../mod.ts";
import { block, now, sleep } from "./clock.ts";
import { RECEIVED } from "./journal.ts";
import { verify } from "./message.ts";
import { sinceOf } from "./since.ts";
import type { ProcessContext } from "./task.ts";
import { checkTopic, CHOSEN } from "./topics.ts";

const CALLS = {
  tryRecv: 25,
  recvSync: 20,
  recv: 15,
  drain: 15,
  recvView: 10,
  tryRecvInto: 10,
  recvIntoSync: 5,
};

const TIMEOUT_MS = 20;
const MAX_AT_ONCE = 64;
const TARGET_BYTES = 1024 * 1024;
/** Share of calls after which it is busy for some milliseconds, so that it is lapped. */
const SLOW_CALLS = 0.002;

/** Receives until it is ordered to end, through one socket after the other. */
export async function receive(context: ProcessContext): Promise<void> {
  const target = new Uint8Array(TARGET_BYTES);
  while (!context.isOver) {
    using receiver = new Receiver(context, target);
    await receiver.run();
  }
}

class Receiver implements Disposable {
  readonly #context: ProcessContext;
  readonly #stream: number;
  readonly #socket: Subscriber<Uint8Array> | Puller<Uint8Array>;
  readonly #target: Uint8Array;

  constructor(context: ProcessContext, target: Uint8Array) {
    this.#context = context;
    this.#target = target;
    this.#stream = context.nextStream();
    const { journal, options, task } = context;
    const opened = journal.beginOpening(this.#stream);
    this.#socket = task.part === "puller"
      ? new Puller<Uint8Array>(task.channel, options)
      : new Subscriber<Uint8Array>(task.channel, {
        ...options,
        since: task.part === "latecomer" ? sinceOf(this.#stream) : "now",
        topics: task.part === "chooser" ? CHOSEN : undefined,
      });
    journal.finish(opened, 0);
  }

  /** Receives until it is time for the next socket. */
  run(): Promise<void> {
    return this.#context.work(() => this.#call(), () => this.#quiesce());
  }

  /** Before a rest it receives all messages. */
  async #quiesce(): Promise<void> {
    while (!this.#context.isOver && this.#tryRecv()) continue;
    await this.#context.quiesce();
  }

  async #call(): Promise<void> {
    const { random } = this.#context;
    const hasReceived = await this.#by(random.weighted(CALLS));
    if (random.chance(SLOW_CALLS)) block(random.between(5, 30));
    if (!hasReceived) await sleep(0);
  }

  #by(call: keyof typeof CALLS): boolean | Promise<boolean> {
    const timeoutMs = TIMEOUT_MS;
    switch (call) {
      case "tryRecv":
        return this.#tryRecv();
      case "recvSync":
        return this.#recorded(1, () => orTimeout(() => [this.#socket.recvSync({ timeoutMs })]));
      case "recv":
        return this.#recv();
      case "drain": {
        const most = this.#context.random.between(1, MAX_AT_ONCE);
        return this.#recorded(most, () => this.#socket.drain(most));
      }
      case "recvView":
        return this.#recvView();
      case "tryRecvInto":
        return this.#recorded(1, () => this.#framesOf(this.#socket.tryRecvInto(this.#target)));
      case "recvIntoSync":
        return this.#recorded(
          1,
          () =>
            orTimeout(() => this.#framesOf(this.#socket.recvIntoSync(this.#target, { timeoutMs }))),
        );
    }
  }

  #framesOf(length: number): Uint8Array[] {
    return length < 0 ? [] : [this.#target.subarray(0, length)];
  }

  #tryRecv(): boolean {
    return this.#recorded(1, () => {
      const bytes = this.#socket.tryRecv();
      return bytes === undefined ? [] : [bytes];
    });
  }

  /** Records an operation before it runs, and the messages that it received after it. */
  #recorded(limit: number, operation: () => Uint8Array[]): boolean {
    const began = this.#context.journal.beginReceive(limit);
    return this.#record(began, operation());
  }

  async #recv(): Promise<boolean> {
    const began = this.#context.journal.beginReceive(1);
    const received = await this.#socket.recv({ timeoutMs: TIMEOUT_MS }).catch(nothing);
    return this.#record(began, received === undefined ? [] : [received]);
  }

  /** Missed messages are recorded first: a gap without a count would count as a loss. */
  #record(began: number, received: Uint8Array[]): boolean {
    const { journal, task } = this.#context;
    journal.missed = this.#gaps;
    this.#checkTopic(received.at(-1));
    for (const bytes of received) this.#recordLabel(began, verify(bytes, task.capacityBytes));
    journal.endReceive();
    return received.length > 0;
  }

  /** Messages that it has not received, and will not: overwritten, or of topics that it does not choose. */
  get #gaps(): number {
    const { missed, unmatched } = this.#socket.statistics();
    return missed + unmatched;
  }

  /** Checks the topic of the message that was received last. */
  #checkTopic(last: Uint8Array | undefined): void {
    if (this.#context.task.part !== "chooser" || last === undefined) return;
    const { topic } = this.#socket as Subscriber<Uint8Array>;
    checkTopic(verify(last, this.#context.task.capacityBytes), topic);
  }

  #recordLabel(began: number, { stream, sequence }: { stream: number; sequence: number }): void {
    this.#context.journal.add(RECEIVED, this.#stream, stream, sequence, began, now());
  }

  /** A view whose bytes were overwritten before it was disposed counts as missed. */
  #recvView(): boolean {
    const { journal, random } = this.#context;
    const began = journal.beginReceive(1);
    const view = this.#socket.recvView();
    if (view === undefined) return this.#record(began, []);
    const missedBefore = this.#gaps;
    if (random.chance(0.1)) block(random.between(1, 10));
    const label = this.#readInPlace(view);
    view[Symbol.dispose]();
    const missed = this.#gaps;
    journal.missed = missed;
    if (missed === missedBefore) this.#recordLabel(began, label());
    journal.endReceive();
    return true;
  }

  /** Reads a view. Errors in it count only if it was not overwritten. */
  #readInPlace(view: { bytes: Uint8Array<ArrayBufferLike> }) {
    try {
      const label = verify(view.bytes, this.#context.task.capacityBytes);
      return () => label;
    } catch (error) {
      return () => {
        throw error;
      };
    }
  }

  [Symbol.dispose](): void {
    const closed = this.#context.journal.beginClosing(this.#stream, this.#gaps);
    this.#socket.close();
    this.#context.journal.finish(closed, 0);
  }
}

function nothing(error: unknown): undefined {
  if (!(error instanceof ShmTimeoutError)) throw error;
}

function orTimeout(operation: () => Uint8Array[]): Uint8Array[] {
  try {
    return operation();
  } catch (error) {
    nothing(error);
    return [];
  }
}
