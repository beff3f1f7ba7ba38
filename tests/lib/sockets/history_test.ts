// Late subscribers of named channels: what lasts beyond the processes that sent it, and damage.

import assert from "node:assert/strict";
import { Publisher, removeStale, ShmCorruptionError, Subscriber } from "../../../mod.ts";
import { HEADER_BYTES, RECORD_FRAME, RECORD_PAYLOAD } from "../../../wasm/layout.ts";
import { TestDirectory } from "../../conformance/channel/directory.ts";
import { numbers } from "../../conformance/channel/values.ts";
import { poke, word } from "../../support/damage.ts";
import { openSocket } from "../../support/peer.ts";
import { inScratch } from "../../support/scratch.ts";

const CAPACITY_BYTES = 1024;
const RECORD_BYTES = RECORD_PAYLOAD + 8;
const OLDEST = { since: "oldest" } as const;

function readAll(target: string, dir: string): { received: number[]; missed: number } {
  using subscriber = new Subscriber<number>(target, { dir, ...OLDEST });
  const received = subscriber.drain();
  return { received, missed: subscriber.statistics().missed };
}

Deno.test("a channel that persists keeps its history, also that of a publisher that was killed", () =>
  inScratch(async ({ path: dir, spawn }) => {
    const options = { dir, persist: true };
    const ends = async (target: string, end: (child: ReturnType<typeof spawn>) => unknown) => {
      const child = spawn();
      await openSocket(child, "out", "publisher", target, options);
      await child.execute({ do: "send", id: "out", values: numbers(20) });
      await end(child);
      assert.deepEqual(readAll(target, dir), { received: numbers(20), missed: 0 });
      using publisher = new Publisher<number>(target, { dir });
      publisher.send(20);
      assert.deepEqual(readAll(target, dir).received, numbers(21));
    };
    await ends("left", (child) => child.finish());
    await ends("killed", (child) => {
      child.kill("SIGKILL");
      return child.ended();
    });
    assert.deepEqual(removeStale({ dir, includePersistent: true }).sort(), ["killed", "left"]);
  }));

Deno.test("a damaged record of a history is an error once, and what is behind it is received", () => {
  for (const [sent, damaged] of [[30, 0], [30, 12], [30, 29], [100, 0], [100, 7]]) {
    using directory = new TestDirectory();
    const { path: dir } = directory;
    using publisher = new Publisher<Uint8Array>("test", {
      dir,
      codec: "raw",
      capacityBytes: CAPACITY_BYTES,
    });
    for (let n = 0; n < sent; n++) publisher.send(new Uint8Array(8).fill(n));
    const open = () => new Subscriber<Uint8Array>("test", { dir, ...OLDEST });
    using whole = open();
    const before = whole.drain().map(([n]) => n);
    const at = before[damaged] * RECORD_BYTES % ringBytes();
    poke(directory.file("test"), HEADER_BYTES + at + RECORD_FRAME, word(-1n));
    using subscriber = open();
    const received: number[] = [];
    let errors = 0;
    for (let calls = 0; calls < 5; calls++) {
      try {
        received.push(...subscriber.drain().map(([n]) => n));
      } catch (error) {
        assert.ok(error instanceof ShmCorruptionError, String(error));
        errors++;
      }
    }
    assert.equal(errors, 1, `${damaged} of ${sent}`);
    const isFirstOfMany = damaged === 0 && sent > 30;
    // Where the oldest record is not whole, the ring does not tell how many were before it.
    const expected = isFirstOfMany ? [] : before.toSpliced(damaged, 1);
    assert.deepEqual(received, expected, `${damaged} of ${sent}`);
    publisher.send(new Uint8Array(8).fill(sent));
    assert.deepEqual(subscriber.drain().map(([n]) => n), [sent]);
  }
});

/** Bytes of the ring that records of one size fill; behind them is padding. */
function ringBytes(): number {
  return Math.floor(CAPACITY_BYTES / RECORD_BYTES) * RECORD_BYTES;
}
