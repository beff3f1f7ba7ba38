// A queue as plain arrays, one for each lane.

import assert from "node:assert/strict";
import type { MessageView } from "../../../mod.ts";
import type { TestChannel } from "./channel.ts";
import { bytesOf, isMessage, type Message, Model, type Run } from "./model.ts";
import { isBig, ModelLane } from "./model_lane.ts";
import { sameBytes } from "./values.ts";

/** A message that was taken, and the position from which it pins the ring. */
interface OpenView {
  lane: ModelLane;
  from: number;
  message: Message;
}

export class QueueModel extends Model {
  readonly #lanes: ModelLane[];
  readonly #openViews: (OpenView | undefined)[];
  #last: OpenView | undefined;

  constructor(channel: TestChannel, run: Run, start = 0n) {
    const ends = (count: number) => Array.from({ length: count });
    const senders = ends(run.senders).map(() => channel.pusher<Uint8Array>({ codec: "raw" }));
    const receivers = ends(run.receivers).map(() => channel.puller<Uint8Array>({ codec: "raw" }));
    super(channel, run, senders, receivers, run.senders > 1);
    this.#lanes = senders.map((_, i) => new ModelLane(run.capacity, i === 0 ? start : 0n));
    this.#openViews = receivers.map(() => undefined);
  }

  /** The position that a lane's writer must not reach. */
  #limit(lane: ModelLane): number {
    const held = this.#openViews.filter((hold) => hold?.lane === lane).map((hold) => hold!.from);
    return Math.min(lane.tail, ...held) + lane.capacity;
  }

  protected onAccepted(message: Message): void {
    const lane = this.#lanes[message.sender];
    lane.add(message);
    assert.ok(lane.head + 16 <= this.#limit(lane), "a message was written over others");
  }

  protected onRejected(message: Message, behind: Message[]): void {
    const lane = this.#lanes[message.sender];
    const isFull = lane.endOf(message.length) + 16 > this.#limit(lane);
    // Space for big messages is apart from the ring, and is used by messages that wait or are held.
    const isInUse = this.#limit(lane) < lane.head + lane.capacity || behind.length > 0;
    const isBlockInUse = isBig(message.length, lane.capacity) && isInUse;
    assert.ok(isFull || isBlockInUse, "a message was rejected although there was space");
  }

  protected received(_receiver: number, bytes: Uint8Array | undefined): void {
    if (bytes === undefined) {
      for (const lane of this.#lanes) assert.deepEqual(lane.waiting, []);
      return;
    }
    const lane = this.#lanes.find(({ waiting }) => waiting[0] && isMessage(bytes, waiting[0]));
    assert.ok(lane, "a message arrived that is the next of no sender");
    this.#last = { lane, from: lane.tail, message: lane.waiting[0] };
    lane.take();
  }

  protected viewOpened(receiver: number): void {
    this.#openViews[receiver] = this.#last;
  }

  protected viewEnds(receiver: number, view: MessageView): void {
    assert.equal(view.intact, true);
    assert.ok(sameBytes(view.bytes, bytesOf(this.#openViews[receiver]!.message)));
    this.#openViews[receiver] = undefined;
  }

  check(): void {
    const sum = (pick: (lane: ModelLane) => number) =>
      this.#lanes.reduce((total, lane) => total + lane.start + BigInt(pick(lane)), 0n);
    const { head, tail, count, dropped } = this.totals();
    assert.equal(head, sum((lane) => lane.head));
    assert.equal(tail, sum((lane) => lane.tail));
    assert.equal(count, BigInt(this.sentCount()));
    assert.equal(dropped, BigInt(this.rejectedCount));
  }
}
