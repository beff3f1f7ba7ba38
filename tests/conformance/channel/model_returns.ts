// A queue whose pullers acknowledge and return messages, as plain arrays, and the steps that drive both.

import assert from "node:assert/strict";
import fc from "fast-check";

/** One step; a step that does not apply at the moment is skipped. */
export type ReturnsStep =
  | { do: "send"; sender: number; count: number }
  | { do: "receive"; puller: number }
  | { do: "ack" | "nack" | "delay"; puller: number; held: number }
  | { do: "reopen"; puller: number };

/** A run: how many sockets, and the steps. */
export interface ReturnsRun {
  senders: number;
  pullers: number;
  steps: ReturnsStep[];
}

/** Random runs. */
export const RETURNS_RUNS: fc.Arbitrary<ReturnsRun> = fc.record({
  senders: fc.integer({ min: 1, max: 2 }),
  pullers: fc.integer({ min: 1, max: 3 }),
}).chain((run) => {
  const puller = fc.nat(run.pullers - 1);
  const settling = (kind: "ack" | "nack" | "delay") =>
    fc.record({ do: fc.constant(kind), puller, held: fc.nat(5) });
  const step: fc.Arbitrary<ReturnsStep> = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant("send" as const),
        sender: fc.nat(run.senders - 1),
        count: fc.integer({ min: 1, max: 24 }),
      }),
    },
    { weight: 12, arbitrary: fc.record({ do: fc.constant("receive" as const), puller }) },
    { weight: 3, arbitrary: settling("ack") },
    { weight: 8, arbitrary: settling("nack") },
    { weight: 1, arbitrary: settling("delay") },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("reopen" as const), puller }) },
  );
  return fc.array(step, { maxLength: 200, size: "max" }).map((steps) => ({ ...run, steps }));
});

/** A message that a puller holds. */
export interface HeldMessage {
  readonly value: number;
  readonly deliveries: number;
  ack(): void;
  nack(options?: { delayMs: number }): void;
}

/** One puller. */
export interface ReturningPuller {
  tryRecv(): HeldMessage | undefined;
  close(): void;
}

/** The queue that is compared with the model. */
export interface ReturningQueue {
  send(sender: number, value: number): void;
  open(): ReturningPuller;
}

/** A delay that does not pass during a test. */
const DELAY_MS = 3_600_000;
/** Most fresh messages that a puller takes in a row while one that was returned is due: two turns at a lane. */
const MAX_FRESH_IN_A_ROW = 16;

/** A message that was sent and is not acknowledged. */
interface ModelMessage {
  readonly value: number;
  deliveries: number;
  state: "fresh" | "held" | "delayed" | "returned";
  /** The puller that holds it. */
  holder: number;
  /**
   * Messages that waited when it was returned, less those that were received since. It comes behind as many:
   * with several senders, another one may take the place of one that waited.
   */
  ahead: number;
  held?: HeldMessage;
}

/** Plays a run on a queue, and compares it with plain arrays. */
export class ReturnsModel {
  readonly #queue: ReturningQueue;
  readonly #run: ReturnsRun;
  readonly #pullers: ReturningPuller[];
  readonly #messages = new Map<number, ModelMessage>();
  readonly #freshInARow: number[];
  #sent = 0;

  constructor(queue: ReturningQueue, run: ReturnsRun) {
    this.#queue = queue;
    this.#run = run;
    this.#pullers = Array.from({ length: run.pullers }, () => queue.open());
    this.#freshInARow = this.#pullers.map(() => 0);
  }

  /** Plays all steps; then every message that was not acknowledged has to arrive once more. */
  play(): void {
    for (const step of this.#run.steps) this.#step(step);
    for (const puller of this.#pullers.keys()) this.#close(puller);
    const last = this.#queue.open();
    this.#pullers.push(last);
    this.#freshInARow.push(0);
    const puller = this.#pullers.length - 1;
    while (this.#receive(puller)) {
      for (const message of this.#heldBy(puller)) this.#ack(message);
    }
    assert.equal(this.#messages.size, 0, "messages were lost");
    last.close();
  }

  #step(step: ReturnsStep): void {
    if (step.do === "send") {
      for (let count = 0; count < step.count; count++) this.#send(step.sender);
      return;
    }
    if (step.do === "receive") return void this.#receive(step.puller);
    if (step.do === "reopen") {
      this.#close(step.puller);
      this.#pullers[step.puller] = this.#queue.open();
      this.#freshInARow[step.puller] = 0;
      return;
    }
    const held = this.#heldBy(step.puller);
    if (held.length === 0) return;
    const message = held[step.held % held.length];
    if (step.do === "ack") this.#ack(message);
    else this.#nack(message, step.do === "delay");
  }

  #send(sender: number): void {
    const value = this.#sent++;
    this.#queue.send(sender, value);
    this.#messages.set(value, { value, deliveries: 0, state: "fresh", holder: -1, ahead: 0 });
  }

  #in(state: ModelMessage["state"]): ModelMessage[] {
    return [...this.#messages.values()].filter((message) => message.state === state);
  }

  #heldBy(puller: number): ModelMessage[] {
    return this.#in("held").filter(({ holder }) => holder === puller);
  }

  /** True if a message was received. */
  #receive(puller: number): boolean {
    const due = this.#in("returned").filter(({ ahead }) => ahead <= 0);
    const held = this.#pullers[puller].tryRecv();
    if (held === undefined) {
      const waiting = [...this.#in("fresh"), ...this.#in("returned")];
      assert.deepEqual(waiting, [], "a puller found nothing, and messages wait");
      return false;
    }
    const message = this.#messages.get(held.value);
    assert.ok(message, `message ${held.value} was acknowledged, and arrived again`);
    assert.notEqual(message.state, "held", `message ${held.value} is held, and arrived again`);
    assert.notEqual(message.state, "delayed", `the delay of message ${held.value} was not heeded`);
    if (message.state === "returned") {
      assert.ok(message.ahead <= 0, `message ${held.value} overtook those that waited`);
      this.#freshInARow[puller] = 0;
    } else this.#countFresh(puller, due);
    assert.equal(held.deliveries, ++message.deliveries, `the deliveries of ${held.value}`);
    Object.assign(message, { state: "held", holder: puller, held });
    return true;
  }

  #countFresh(puller: number, due: readonly ModelMessage[]): void {
    for (const message of this.#in("returned")) message.ahead--;
    const inARow = due.length > 0 ? ++this.#freshInARow[puller] : 0;
    assert.ok(inARow <= MAX_FRESH_IN_A_ROW, `message ${due[0]?.value} is due, and starves`);
  }

  #ack(message: ModelMessage): void {
    message.held!.ack();
    this.#messages.delete(message.value);
  }

  #nack(message: ModelMessage, isDelayed: boolean): void {
    message.held!.nack(isDelayed ? { delayMs: DELAY_MS } : undefined);
    message.state = isDelayed ? "delayed" : "returned";
    message.ahead = isDelayed ? 0 : this.#in("fresh").length;
  }

  /** Closing returns what the puller holds, also what it has delayed. These messages come first. */
  #close(puller: number): void {
    this.#pullers[puller].close();
    for (const message of [...this.#heldBy(puller), ...this.#in("delayed")]) {
      if (message.holder === puller) Object.assign(message, { state: "returned", ahead: 0 });
    }
  }
}

/** What a queue may do wrong. */
export type ReturnsMistake =
  | "puts a returned message in front"
  | "delivers returned messages last"
  | "ignores the delay"
  | "loses delayed messages at the close"
  | "delivers a held message again"
  | "does not count deliveries"
  | "forgets a returned message";

/** A queue of plain arrays, with or without a mistake: it shows that the model finds it. */
export class ArrayQueue implements ReturningQueue {
  readonly #mistake: ReturnsMistake | undefined;
  readonly #waiting: { value: number; deliveries: number; isReturned: boolean }[] = [];

  constructor(mistake?: ReturnsMistake) {
    this.#mistake = mistake;
  }

  send(_sender: number, value: number): void {
    this.#waiting.push({ value, deliveries: 0, isReturned: false });
  }

  open(): ReturningPuller {
    const held = new Map<number, number>();
    return {
      tryRecv: () => this.#tryRecv(held),
      close: () => {
        const lost = this.#mistake === "loses delayed messages at the close";
        for (const [value, deliveries] of held) {
          if (lost && deliveries < 0) continue;
          this.#waiting.unshift({ value, deliveries: Math.abs(deliveries), isReturned: true });
        }
        held.clear();
      },
    };
  }

  #tryRecv(held: Map<number, number>): HeldMessage | undefined {
    const isLast = this.#mistake === "delivers returned messages last";
    const fresh = this.#waiting.findIndex(({ isReturned }) => !isReturned);
    const [taken] = this.#waiting.splice(isLast && fresh >= 0 ? fresh : 0, 1);
    if (taken === undefined) return undefined;
    const { value } = taken;
    const isCounted = this.#mistake !== "does not count deliveries";
    const deliveries = isCounted ? taken.deliveries + 1 : 1;
    held.set(value, deliveries);
    if (this.#mistake === "delivers a held message again" && value % 7 === 3) {
      this.#waiting.push({ value, deliveries, isReturned: true });
    }
    return {
      value,
      deliveries,
      ack: () => void held.delete(value),
      nack: (options) => {
        const isDelayed = options !== undefined && this.#mistake !== "ignores the delay";
        // A negative count marks a message that is delayed.
        if (isDelayed) return void held.set(value, -deliveries);
        held.delete(value);
        if (this.#mistake === "forgets a returned message" && deliveries > 1) return;
        const returned = { value, deliveries, isReturned: true };
        if (this.#mistake === "puts a returned message in front") this.#waiting.unshift(returned);
        else this.#waiting.push(returned);
      },
    };
  }
}
