// Random steps of pullers with and without ack, compared with a table of the state of each message.

import assert from "node:assert/strict";
import fc from "fast-check";
import type { Delivery, Puller } from "../../../mod.ts";
import {
  LOCAL,
  SHM,
  type TestChannel,
  type TestTransport,
} from "../../conformance/channel/channel.ts";
import { pattern, sameBytes } from "../../conformance/channel/values.ts";
import { assertProperty } from "../../support/property.ts";

const RAW = { codec: "raw" } as const;
const PULLERS = 3;

type Step =
  | { do: "send"; length: number }
  | { do: "pull"; puller: number; how: "try" | "sync" | "drain" }
  | { do: "settle"; puller: number; which: number; how: "ack" | "nack" | "dispose" }
  | { do: "reopen"; puller: number }
  | { do: "plain"; how: "try" | "view" | "into" | "drain" };

const puller = fc.nat(PULLERS - 1);
const length = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: 4, max: 300 }) },
  { weight: 1, arbitrary: fc.integer({ min: 4, max: 20_000 }) },
);
const STEPS: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof<fc.MaybeWeightedArbitrary<Step>[]>(
    { weight: 6, arbitrary: fc.record({ do: fc.constant("send" as const), length }) },
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant("pull" as const),
        puller,
        how: fc.constantFrom("try" as const, "sync" as const, "drain" as const),
      }),
    },
    {
      weight: 7,
      arbitrary: fc.record({
        do: fc.constant("settle" as const),
        puller,
        which: fc.nat(9),
        how: fc.constantFrom("ack" as const, "nack" as const, "dispose" as const),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("reopen" as const), puller }) },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant("plain" as const),
        how: fc.constantFrom(
          "try" as const,
          "view" as const,
          "into" as const,
          "drain" as const,
        ),
      }),
    },
  ),
  { maxLength: 150, size: "max" },
);

/** The state of the messages that are not done. */
class Table {
  readonly #channel: TestChannel;
  readonly #maxUnacked: number;
  readonly #pullers: Puller<Delivery<Uint8Array>>[];
  readonly #unacked: Delivery<Uint8Array>[][];
  /** Messages that any puller can get, by id, and how often they were delivered. */
  readonly #free = new Map<number, number>();
  readonly #lengths: number[] = [];

  constructor(channel: TestChannel, maxUnacked: number) {
    this.#channel = channel;
    this.#maxUnacked = maxUnacked;
    this.#pullers = Array.from({ length: PULLERS }, () => this.#open());
    this.#unacked = this.#pullers.map(() => []);
  }

  #open(): Puller<Delivery<Uint8Array>> {
    return this.#channel.ackPuller<Uint8Array>({ ...RAW, maxUnacked: this.#maxUnacked });
  }

  send(length: number, send: (bytes: Uint8Array) => boolean): void {
    const id = this.#lengths.length;
    const bytes = pattern(length, id);
    new DataView(bytes.buffer).setUint32(0, id);
    if (!send(bytes)) return;
    this.#lengths.push(length);
    this.#free.set(id, 0);
  }

  /** Checks a message that a puller got; returns how often it was delivered before. */
  #receive(bytes: Uint8Array): number {
    const id = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
    const before = this.#free.get(id);
    assert.ok(before !== undefined, `message ${id} is held or done`);
    this.#free.delete(id);
    const expected = pattern(this.#lengths[id], id);
    new DataView(expected.buffer).setUint32(0, id);
    assert.ok(sameBytes(bytes, expected), `message ${id} is not whole`);
    return before;
  }

  pull(at: number, how: "try" | "sync" | "drain"): void {
    const puller = this.#pullers[at];
    const held = this.#unacked[at];
    const space = this.#maxUnacked - held.length;
    const isThere = this.#free.size > 0 && space > 0;
    if (how === "sync" && !isThere) return;
    const expected = how === "drain" ? Math.min(space, this.#free.size) : Number(isThere);
    const got = how === "drain"
      ? puller.drain()
      : [how === "sync" ? puller.recvSync({ timeoutMs: 5000 }) : puller.tryRecv()];
    const deliveries = got.filter((message) => message !== undefined);
    assert.equal(deliveries.length, expected);
    for (const message of deliveries) {
      assert.equal(message.deliveries, this.#receive(message.value) + 1);
      held.push(message);
    }
  }

  settle(at: number, which: number, how: "ack" | "nack" | "dispose"): void {
    const held = this.#unacked[at];
    const [message] = held.splice(which % Math.max(1, held.length), 1);
    if (message === undefined) return;
    if (how === "dispose") message[Symbol.dispose]();
    else message[how]();
    if (how !== "ack") this.#requeue(message);
  }

  #requeue({ value, deliveries }: Delivery<Uint8Array>): void {
    this.#free.set(new DataView(value.buffer, value.byteOffset).getUint32(0), deliveries);
  }

  reopen(at: number): void {
    this.#pullers[at].close();
    for (const message of this.#unacked[at].splice(0)) this.#requeue(message);
    this.#pullers[at] = this.#open();
  }

  plain(puller: Puller<Uint8Array>, how: "try" | "view" | "into" | "drain"): void {
    const count = how === "drain" ? this.#free.size : Math.min(1, this.#free.size);
    const got: Uint8Array[] = [];
    if (how === "drain") got.push(...puller.drain());
    else if (how === "view") {
      using view = puller.recvView();
      if (view) got.push(view.bytes.slice());
    } else if (how === "into") {
      const target = new Uint8Array(20_000);
      const length = puller.tryRecvInto(target);
      if (length >= 0) got.push(target.subarray(0, length));
    } else {
      const bytes = puller.tryRecv();
      if (bytes) got.push(bytes);
    }
    assert.equal(got.length, count);
    for (const bytes of got) this.#receive(bytes);
  }

  /** A new puller gets all messages that are not done. */
  finish(): void {
    for (let at = 0; at < PULLERS; at++) this.reopen(at);
    for (
      const message of this.#channel.ackPuller<Uint8Array>({ ...RAW, maxUnacked: 4096 }).drain()
    ) {
      assert.equal(message.deliveries, this.#receive(message.value) + 1);
      message.ack();
    }
    assert.equal(this.#free.size, 0, "messages were lost");
  }
}

function testTable(transport: TestTransport, numRuns: number): void {
  Deno.test(`${transport.name}: leased messages have one holder, and none is lost or doubled`, () => {
    const runs = fc.record({
      capacity: fc.constantFrom(1024, 4096, 65_536),
      maxUnacked: fc.constantFrom(1, 3, 256),
      steps: STEPS,
    });
    assertProperty(
      fc.property(runs, ({ capacity, maxUnacked, steps }) => {
        using channel = transport.open(capacity);
        const pusher = channel.pusher<Uint8Array>(RAW);
        const plain = channel.puller<Uint8Array>(RAW);
        const table = new Table(channel, maxUnacked);
        for (const step of steps) {
          if (step.do === "send") table.send(step.length, (bytes) => pusher.send(bytes));
          else if (step.do === "pull") table.pull(step.puller, step.how);
          else if (step.do === "settle") table.settle(step.puller, step.which, step.how);
          else if (step.do === "reopen") table.reopen(step.puller);
          else table.plain(plain, step.how);
        }
        table.finish();
      }),
      { numRuns },
    );
  });
}

testTable(LOCAL, 200);
testTable(SHM, 40);
