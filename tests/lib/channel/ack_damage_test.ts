// Overwrites the words that locate leased messages and name their owners. What is received then is
// right, or an error that reports the damage.

import assert from "node:assert/strict";
import { type Delivery, LocalChannel, Puller, Pusher, ShmCorruptionError } from "../../../mod.ts";
import { controlOffset } from "../../../lib/segment/format.ts";
import { Random } from "../../support/random.ts";
import {
  CONTROL_LEASE_TABLES,
  CONTROL_RETURNS,
  FIRST_LEASE_TABLE_SLOTS,
  HEADER_END,
  LEASE_SLOT_BYTES,
  MAX_LEASE_TABLES,
} from "../../../wasm/layout.ts";
import { pattern, sameBytes } from "../../conformance/channel/values.ts";

const CASES = 3000;
const MESSAGES = 12;
const CAPACITY_BYTES = 16_384;
/** More than enough for all messages, and for each error. */
const MAX_CALLS = 200;

const lengthOf = (n: number): number => 20 + n * 40;

/** Receives all messages; returns them, and the number of errors. */
function receiveAll(
  puller: Puller<Delivery<Uint8Array>>,
): { received: Uint8Array[]; errors: number } {
  const got: Uint8Array[] = [];
  let errors = 0;
  for (let call = 0; call < MAX_CALLS; call++) {
    try {
      const message = puller.tryRecv();
      if (message === undefined) return { received: got, errors };
      got.push(message.value);
      message.ack();
    } catch (error) {
      assert.ok(error instanceof ShmCorruptionError, String(error));
      errors++;
    }
  }
  return { received: got, errors };
}

Deno.test("damage of leased messages ends in right messages or in errors that report it", () => {
  const random = new Random(20_260_101);
  const outcomes = { whole: 0, reported: 0 };
  for (let at = 0; at < CASES; at++) {
    using channel = LocalChannel.create({ capacityBytes: CAPACITY_BYTES });
    const options = { codec: "raw", ack: true } as const;
    using pusher = new Pusher<Uint8Array>(channel.handle, { codec: "raw" });
    using holder = new Puller<Uint8Array>(channel.handle, options);
    using other = new Puller<Uint8Array>(channel.handle, options);
    for (let n = 0; n < MESSAGES; n++) pusher.send(pattern(lengthOf(n), n));
    const held = holder.drain();
    for (let n = 0; n < MESSAGES; n += 2) held[n].nack();
    const view = new DataView(channel.handle.memory.buffer);
    const control = controlOffset(CAPACITY_BYTES);
    const leaseTable = view.getUint32(control + CONTROL_LEASE_TABLES, true);
    const target = random.below(10) === 0
      ? control + (random.below(2) === 0 ? CONTROL_RETURNS : CONTROL_LEASE_TABLES) +
        random.below(MAX_LEASE_TABLES * 8)
      : leaseTable + random.below((MESSAGES + 2) * LEASE_SLOT_BYTES);
    for (let n = 1 + random.below(8); n > 0; n--) {
      view.setUint8(
        Math.min(target + n, leaseTable + FIRST_LEASE_TABLE_SLOTS * LEASE_SLOT_BYTES),
        random.below(256),
      );
    }
    const first = receiveAll(other);
    try {
      holder.close();
    } catch (error) {
      assert.ok(error instanceof ShmCorruptionError, String(error));
    }
    const second = receiveAll(other);
    const got = [...first.received, ...second.received];
    for (const bytes of got) {
      const n = (bytes.length - 20) / 40;
      assert.ok(sameBytes(bytes, pattern(lengthOf(n), n)), `case ${at}: no message of ours`);
    }
    if (first.errors + second.errors > 0) outcomes.reported++;
    else if (got.length === MESSAGES) outcomes.whole++;
  }
  assert.ok(outcomes.reported > CASES / 20, JSON.stringify(outcomes));
  assert.ok(outcomes.whole > CASES / 20, JSON.stringify(outcomes));
  // A word that was overwritten by another valid one cannot be detected.
  assert.ok(CASES - outcomes.reported - outcomes.whole < CASES / 50, JSON.stringify(outcomes));
});

Deno.test("a corrupt end keeps no puller in drain", () => {
  using channel = LocalChannel.create({ capacityBytes: CAPACITY_BYTES });
  using pusher = new Pusher<number>(channel.handle);
  using holder = new Puller<number>(channel.handle, { ack: true });
  using puller = new Puller<number>(channel.handle);
  pusher.sendMany([1, 2, 3]);
  holder.recvSync();
  new DataView(channel.handle.memory.buffer).setUint32(HEADER_END, 0xffffffff, true);
  assert.deepEqual(puller.drain(), [2, 3]);
  assert.deepEqual(puller.drain(), []);
});

Deno.test("corrupt lease tables are reported where slots seem to be missing", () => {
  using channel = LocalChannel.create({ capacityBytes: CAPACITY_BYTES });
  using pusher = new Pusher<number>(channel.handle);
  using puller = new Puller<number>(channel.handle, { ack: true });
  pusher.sendMany([1, 2, 3]);
  const at = controlOffset(CAPACITY_BYTES) + CONTROL_LEASE_TABLES;
  new Uint8Array(channel.handle.memory.buffer, at, MAX_LEASE_TABLES * 8).fill(0xff);
  assert.throws(() => puller.tryRecv(), ShmCorruptionError);
  assert.throws(() => puller.tryRecv(), ShmCorruptionError);
});
