// The plain array model that a ring is compared with, and the steps that drive both.

import assert from "node:assert/strict";
import fc from "fast-check";
import type { MessageView, ReceivingSocket, SendingSocket } from "../../../mod.ts";
import type { TestChannel } from "./channel.ts";
import { readTotals, type Totals } from "./header.ts";
import { pattern, sameBytes } from "./values.ts";

/** One step; a step that does not apply at the moment is skipped. */
export type Step =
  | { do: "send"; sender: number; length: number }
  | { do: "sendMany"; sender: number; lengths: number[] }
  | { do: "loan"; sender: number; length: number; commit: boolean }
  | { do: "receive"; receiver: number; how: "try" | "into" | "sync" }
  | { do: "drain"; receiver: number; most: number }
  | { do: "view"; receiver: number }
  | { do: "endView"; receiver: number };

/** A run: the ring, the sockets, and the steps. */
export interface Run {
  capacity: number;
  senders: number;
  receivers: number;
  steps: Step[];
}

function lengths(capacity: number): fc.Arbitrary<number> {
  return fc.oneof(
    { weight: 6, arbitrary: fc.nat(80) },
    { weight: 3, arbitrary: fc.nat(Math.floor(capacity / 2)) },
    { weight: 1, arbitrary: fc.nat(capacity * 2) },
  );
}

function steps(run: Omit<Run, "steps">): fc.Arbitrary<Step[]> {
  const sender = fc.nat(run.senders - 1);
  const receiver = fc.nat(run.receivers - 1);
  const length = lengths(run.capacity);
  const many = fc.array(length, { maxLength: 12 });
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 8, arbitrary: fc.record({ do: fc.constant("send" as const), sender, length }) },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant("sendMany" as const), sender, lengths: many }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant("loan" as const),
        sender,
        length,
        commit: fc.boolean(),
      }),
    },
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant("receive" as const),
        receiver,
        how: fc.constantFrom("try" as const, "into" as const, "sync" as const),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant("drain" as const), receiver, most: fc.nat(20) }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("view" as const), receiver }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("endView" as const), receiver }) },
  );
  return fc.array(step, { maxLength: 200, size: "max" });
}

/** Random runs. */
export const RUNS: fc.Arbitrary<Run> = fc.record({
  capacity: fc.oneof(
    fc.integer({ min: 16, max: 256 }).map((lines) => lines * 64),
    fc.constant(1024),
  ),
  senders: fc.integer({ min: 1, max: 3 }),
  receivers: fc.integer({ min: 1, max: 3 }),
}).chain((run) => steps(run).map((list) => ({ ...run, steps: list })));

/** A message in the model: its sender, and its number among that sender's messages. */
export interface Message {
  sender: number;
  number: number;
  length: number;
}

const HEAD_BYTES = 6;

/** The bytes of a message: they identify it as far as they reach. */
export function bytesOf({ sender, number, length }: Message): Uint8Array<ArrayBuffer> {
  const bytes = pattern(length, number * 3 + sender);
  const head = new Uint8Array(8);
  new DataView(head.buffer).setUint32(0, number, true);
  head[4] = sender;
  head[5] = length;
  if (length >= HEAD_BYTES) bytes.set(head.subarray(0, HEAD_BYTES));
  return bytes;
}

/** The sockets of a run, what was sent on them, and what is not received yet. */
export abstract class Model {
  readonly channel: TestChannel;
  readonly run: Run;
  readonly senders: SendingSocket<Uint8Array>[];
  readonly receivers: ReceivingSocket<Uint8Array>[];
  readonly views: (MessageView | undefined)[];
  readonly sent: Message[][];
  rejectedCount = 0;
  readonly #target: Uint8Array;
  readonly #namesAll: boolean;
  readonly #countBefore: bigint;

  constructor(
    channel: TestChannel,
    run: Run,
    senders: SendingSocket<Uint8Array>[],
    receivers: ReceivingSocket<Uint8Array>[],
    namesAll: boolean,
  ) {
    this.channel = channel;
    this.run = run;
    this.senders = senders;
    this.receivers = receivers;
    this.views = receivers.map(() => undefined);
    this.sent = senders.map(() => []);
    this.#target = new Uint8Array(run.capacity * 2 + 1);
    this.#namesAll = namesAll;
    this.#countBefore = readTotals(channel.bytes()).count;
  }

  /** What a sender accepted. */
  protected abstract onAccepted(message: Message): void;
  /** A sender rejected a message; `behind` were accepted by the same call. */
  protected abstract onRejected(message: Message, behind: Message[]): void;
  /** A receiver got bytes, or nothing. */
  protected abstract received(receiver: number, bytes: Uint8Array | undefined): void;
  protected abstract viewOpened(receiver: number, view: MessageView): void;
  protected abstract viewEnds(receiver: number, view: MessageView): void;
  /** Compares what can be seen from outside. */
  abstract check(): void;

  /** The header's totals of this run. */
  protected totals(): Totals {
    const totals = readTotals(this.channel.bytes());
    return { ...totals, count: totals.count - this.#countBefore };
  }

  /** Messages that were accepted. */
  protected sentCount(): number {
    return this.sent.reduce((total, messages) => total + messages.length, 0);
  }

  /** Where order does not identify messages, each is long enough to do so. */
  #next(sender: number, length: number, behind = 0): Message {
    return {
      sender,
      number: this.sent[sender].length + behind,
      length: this.#namesAll ? Math.max(length, HEAD_BYTES) : length,
    };
  }

  #accept(message: Message): void {
    this.sent[message.sender].push(message);
    this.onAccepted(message);
  }

  step(step: Step): void {
    switch (step.do) {
      case "send":
        return this.#send(step.sender, step.length);
      case "sendMany":
        return this.#sendMany(step.sender, step.lengths);
      case "loan":
        return this.#loan(step.sender, step.length, step.commit);
      case "receive":
        return this.received(step.receiver, this.#receive(step.receiver, step.how));
      case "drain":
        return this.#drain(step.receiver, step.most);
      case "view":
        return this.#view(step.receiver);
      case "endView":
        return this.#endView(step.receiver);
    }
  }

  #send(sender: number, length: number): void {
    const message = this.#next(sender, length);
    if (this.senders[sender].send(bytesOf(message))) this.#accept(message);
    else {
      this.rejectedCount++;
      this.onRejected(message, []);
    }
  }

  #sendMany(sender: number, lengths: number[]): void {
    const messages = lengths.map((length, i) => this.#next(sender, length, i));
    const accepted = this.senders[sender].sendMany(messages.map(bytesOf));
    for (const message of messages.slice(0, accepted)) this.#accept(message);
    if (accepted === messages.length) return;
    this.rejectedCount++;
    this.onRejected(messages[accepted], messages.slice(0, accepted));
  }

  #loan(sender: number, length: number, commit: boolean): void {
    const message = this.#next(sender, length);
    using loan = this.senders[sender].loan(message.length);
    if (loan === undefined) return this.onRejected(message, []);
    loan.bytes.set(bytesOf(message));
    if (!commit) return;
    loan.commit();
    this.#accept(message);
  }

  #receive(receiver: number, how: "try" | "into" | "sync"): Uint8Array | undefined {
    const socket = this.receivers[receiver];
    if (how === "try") return socket.tryRecv();
    if (how === "into") {
      const length = socket.tryRecvInto(this.#target);
      return length < 0 ? undefined : this.#target.slice(0, length);
    }
    try {
      return socket.recvSync({ timeoutMs: 0 });
    } catch (error) {
      assert.equal((error as Error).name, "ShmTimeoutError");
      return undefined;
    }
  }

  #drain(receiver: number, most: number): void {
    const values = this.receivers[receiver].drain(most);
    assert.ok(values.length <= most);
    for (const bytes of values) this.received(receiver, bytes);
    if (values.length < most) this.received(receiver, undefined);
  }

  #view(receiver: number): void {
    if (this.views[receiver] !== undefined) return;
    const view = this.receivers[receiver].recvView();
    this.received(receiver, view?.bytes.slice());
    if (view === undefined) return;
    this.views[receiver] = view;
    this.viewOpened(receiver, view);
  }

  #endView(receiver: number): void {
    const view = this.views[receiver];
    if (view === undefined) return;
    this.viewEnds(receiver, view);
    view[Symbol.dispose]();
    this.views[receiver] = undefined;
  }

  /** Ends all views, receives all that is left, and compares the rest. */
  finish(): void {
    this.receivers.forEach((_, receiver) => this.#endView(receiver));
    this.receivers.forEach((_, receiver) => this.#drain(receiver, Infinity));
    this.check();
  }
}

/** True if these are the bytes of that message. */
export function isMessage(bytes: Uint8Array, message: Message): boolean {
  return bytes.length === message.length && sameBytes(bytes, bytesOf(message));
}
