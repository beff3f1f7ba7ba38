/**
 * A process that receives by every call of a puller with `ack`, leases the messages for a while, and
 * acknowledges or returns them.
 *
 * @module
 */

import { type Delivery, Puller, ShmTimeoutError } from "../../mod.ts";
import { block, now, sleep } from "./clock.ts";
import { DONE, RECEIVED, RETURNED } from "./journal.ts";
import { type Label, verify } from "./message.ts";
import type { ProcessContext } from "./task.ts";

const CALLS = { tryRecv: 30, recvSync: 25, recv: 20, drain: 25 };
const SETTLE_WEIGHTS = { ack: 90, nack: 6, dispose: 4 };
const LIMITS = [1, 8, 64, 256];

const TIMEOUT_MS = 20;
const MAX_AT_ONCE = 64;
/** Share of calls after which some unacknowledged messages are settled, the oldest first. */
const SETTLING_CALLS = 0.5;
/** Share of calls after which the process is busy for some milliseconds. */
const SLOW_CALLS = 0.002;
/** Share of sockets that close with unacknowledged messages. */
const UNSETTLED_CLOSES = 0.5;

/** Receives until it is ordered to end, through one socket after the other. */
export async function acknowledge(context: ProcessContext): Promise<void> {
  while (!context.isOver) {
    using acknowledger = new Acknowledger(context);
    await acknowledger.run();
  }
}

interface UnackedDelivery {
  delivery: Delivery<Uint8Array>;
  label: Label;
}

class Acknowledger implements Disposable {
  readonly #context: ProcessContext;
  readonly #stream: number;
  readonly #socket: Puller<Delivery<Uint8Array>>;
  readonly #maxUnacked: number;
  readonly #unacked: UnackedDelivery[] = [];

  constructor(context: ProcessContext) {
    this.#context = context;
    this.#stream = context.nextStream();
    const { journal, options, task, random } = context;
    this.#maxUnacked = random.pick(LIMITS);
    const opened = journal.beginOpening(this.#stream);
    const ackOptions = { ...options, ack: true, maxUnacked: this.#maxUnacked } as const;
    this.#socket = new Puller<Uint8Array>(task.channel, ackOptions);
    journal.finish(opened, 0);
  }

  /** Receives until it is time for the next socket. */
  run(): Promise<void> {
    return this.#context.work(() => this.#call(), () => this.#quiesce());
  }

  /** Before a rest it receives and acknowledges all messages. */
  async #quiesce(): Promise<void> {
    do this.#acknowledgeAll(); while (!this.#context.isOver && this.#tryRecv());
    await this.#context.quiesce();
  }

  #acknowledgeAll(): void {
    while (this.#unacked.length > 0) this.#settle("ack");
  }

  async #call(): Promise<void> {
    const { random } = this.#context;
    if (this.#unacked.length >= this.#maxUnacked) this.#settle(random.weighted(SETTLE_WEIGHTS));
    const hasReceived = await this.#by(random.weighted(CALLS));
    if (random.chance(SLOW_CALLS)) block(random.between(5, 30));
    if (random.chance(SETTLING_CALLS)) {
      for (let left = random.between(1, this.#maxUnacked); left > 0; left--) {
        this.#settle(random.weighted(SETTLE_WEIGHTS));
      }
    }
    if (!hasReceived) await sleep(0);
  }

  #by(call: keyof typeof CALLS): boolean | Promise<boolean> {
    switch (call) {
      case "tryRecv":
        return this.#tryRecv();
      case "recvSync":
        return this.#recorded(1, () => this.#recvSync());
      case "recv":
        return this.#recv();
      case "drain": {
        const most = this.#context.random.between(1, MAX_AT_ONCE);
        return this.#recorded(most, () => this.#socket.drain(most));
      }
    }
  }

  #tryRecv(): boolean {
    return this.#recorded(1, () => {
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
    const began = this.#context.journal.beginReceive(1);
    const received = await this.#socket.recv({ timeoutMs: TIMEOUT_MS }).catch((error) => {
      if (!(error instanceof ShmTimeoutError)) throw error;
    });
    return this.#record(began, received === undefined ? [] : [received]);
  }

  /** Records an operation before it runs, and the messages that it received after it. */
  #recorded(limit: number, operation: () => Delivery<Uint8Array>[]): boolean {
    const began = this.#context.journal.beginReceive(limit);
    return this.#record(began, operation());
  }

  #record(began: number, received: Delivery<Uint8Array>[]): boolean {
    const { journal, task } = this.#context;
    for (const delivery of received) {
      const label = verify(delivery.value, task.capacityBytes);
      const { stream, sequence } = label;
      const kind = RECEIVED;
      journal.add(kind, this.#stream, stream, sequence, began, now(), delivery.deliveries);
      this.#unacked.push({ delivery, label });
    }
    journal.endReceive();
    return received.length > 0;
  }

  /** Settles the oldest unacknowledged message, if there is one. */
  #settle(end: keyof typeof SETTLE_WEIGHTS): void {
    const held = this.#unacked.shift();
    if (held === undefined) return;
    const { journal } = this.#context;
    const { stream, sequence } = held.label;
    const kind = end === "ack" ? DONE : RETURNED;
    const entry = journal.add(kind, this.#stream, stream, sequence, now(), 0);
    if (end === "dispose") held.delivery[Symbol.dispose]();
    else held.delivery[end]();
    journal.finish(entry, sequence);
  }

  [Symbol.dispose](): void {
    if (!this.#context.random.chance(UNSETTLED_CLOSES)) this.#acknowledgeAll();
    const closed = this.#context.journal.beginClosing(this.#stream, 0);
    this.#socket.close();
    this.#context.journal.finish(closed, 0);
  }
}
