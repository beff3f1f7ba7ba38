// A broadcast as plain arrays: what each subscriber has yet to receive from each publisher.

import assert from "node:assert/strict";
import type { MessageView } from "../../../mod.ts";
import type { TestChannel } from "./channel.ts";
import { bytesOf, isMessage, type Message, Model, type Run } from "./model.ts";
import { ModelLane } from "./model_lane.ts";
import { sameBytes } from "./values.ts";

/** What one subscriber has seen. */
interface Seen {
  /** The next number of each publisher. */
  next: number[];
  received: number;
  /** Numbers that were skipped. */
  missed: number;
  /** Views that were overwritten while they were read. */
  lostViews: number;
  openView: Message | undefined;
}

export class BroadcastModel extends Model {
  readonly #lanes: ModelLane[];
  readonly #seen: Seen[];
  #last: Message | undefined;

  constructor(channel: TestChannel, run: Run, start = 0n) {
    const ends = (count: number) => Array.from({ length: count });
    const receivers = ends(run.receivers).map(() =>
      channel.subscriber<Uint8Array>({ codec: "raw" })
    );
    const senders = ends(run.senders).map(() => channel.publisher<Uint8Array>({ codec: "raw" }));
    super(channel, run, senders, receivers, true);
    this.#lanes = senders.map((_, i) => new ModelLane(run.capacity, i === 0 ? start : 0n));
    this.#seen = receivers.map(() => ({
      next: senders.map(() => 0),
      received: 0,
      missed: 0,
      lostViews: 0,
      openView: undefined,
    }));
  }

  protected onAccepted(message: Message): void {
    this.#lanes[message.sender].add(message);
  }

  protected onRejected(): void {
    assert.fail("a publisher is never full");
  }

  protected received(receiver: number, bytes: Uint8Array | undefined): void {
    const seen = this.#seen[receiver];
    if (bytes !== undefined) {
      const found = this.#find(seen, bytes);
      seen.missed += found.number - seen.next[found.sender];
      seen.next[found.sender] = found.number + 1;
      seen.received++;
      this.#last = found;
    }
    const { received, missed } = this.receivers[receiver].statistics();
    if (bytes === undefined) assert.equal(received, seen.received);
    assert.ok(missed >= seen.missed + seen.lostViews, "a gap was not counted");
  }

  #find(seen: Seen, bytes: Uint8Array): Message {
    const number = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
    const message = this.sent[bytes[4]]?.[number];
    assert.ok(message && isMessage(bytes, message), "a message arrived that was never sent");
    assert.ok(number >= seen.next[message.sender], "a message arrived twice, or out of order");
    return message;
  }

  protected viewOpened(receiver: number): void {
    this.#seen[receiver].openView = this.#last;
  }

  protected viewEnds(receiver: number, view: MessageView): void {
    const seen = this.#seen[receiver];
    const isWhole = sameBytes(view.bytes, bytesOf(seen.openView!));
    if (view.intact) assert.ok(isWhole, "a view that reports to be intact is not");
    else seen.lostViews++;
  }

  check(): void {
    const { head, tail, count, dropped } = this.totals();
    const sum = this.#lanes.reduce((total, lane) => total + lane.start + BigInt(lane.head), 0n);
    assert.equal(head, sum);
    assert.ok(tail <= head);
    assert.equal(count, BigInt(this.sentCount()));
    const missed = this.receivers.reduce((total, socket) => total + socket.statistics().missed, 0);
    assert.equal(dropped, BigInt(missed));
  }

  /** After one more message of each publisher, each subscriber has counted all that it lost. */
  override finish(): void {
    this.senders.forEach((_, sender) => this.step({ do: "send", sender, length: 8 }));
    super.finish();
    this.receivers.forEach((socket, receiver) => {
      const seen = this.#seen[receiver];
      const { received, missed } = socket.statistics();
      assert.deepEqual(seen.next, this.sent.map((messages) => messages.length));
      assert.equal(missed, seen.missed + seen.lostViews);
      assert.equal(received + missed - seen.lostViews, this.sentCount());
    });
  }
}
