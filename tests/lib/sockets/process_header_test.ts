import assert from "node:assert/strict";
import { Puller, Pusher } from "../../../mod.ts";
import { VERSION } from "../../../wasm/layout.ts";
import { inScratch } from "../../support/scratch.ts";

/** The fields of the documented header, 64 bits each, as they stand in a segment's file. */
function readHeader(path: string): Record<string, number> {
  using file = Deno.openSync(path);
  const bytes = new Uint8Array(128);
  assert.equal(file.readSync(bytes), 128);
  assert.equal(new TextDecoder().decode(bytes.subarray(0, 8)), "RINGBUS1");
  const view = new DataView(bytes.buffer);
  const field = (offset: number) => Number(view.getBigUint64(offset, true));
  return {
    version: field(8),
    head: field(16),
    tail: field(24),
    status: field(32),
    count: field(40),
    dropped: field(48),
  };
}

/** Bytes of a record: size and frame of 8 bytes each, and the payload padded to 8. */
function recordBytes(payload: number): number {
  return 16 + Math.ceil(payload / 8) * 8;
}

function assertHeader(path: string, head: number, tail: number, count: number, dropped = 0): void {
  assert.deepEqual(readHeader(path), { version: VERSION, head, tail, status: 0, count, dropped });
}

const SIZES = [0, 1, 7, 8, 9, 64, 100];
const BYTES = SIZES.reduce((sum, size) => sum + recordBytes(size), 0);

Deno.test("the header read from outside follows the messages of one pusher and one puller", () =>
  inScratch(async ({ path: dir, spawn }) => {
    const path = `${dir}/raw`;
    const options = { dir, codec: "raw", capacityBytes: 4096 } as const;
    const [pusher, puller] = [spawn(), spawn()];
    await pusher.execute({ do: "open", id: "out", role: "pusher", target: "raw", options });
    await puller.execute({ do: "open", id: "in", role: "puller", target: "raw", options });
    assertHeader(path, 0, 0, 0);

    let head = 0;
    for (const [i, size] of SIZES.entries()) {
      await pusher.execute({ do: "sendBytes", id: "out", sizes: [size] });
      head += recordBytes(size);
      assertHeader(path, head, 0, i + 1);
    }
    let tail = 0;
    for (const size of SIZES) {
      const [bytes] = await puller.execute<number[][]>({
        do: "receive",
        id: "in",
        mode: "into",
        count: 1,
      });
      assert.deepEqual(bytes, Array(size).fill(size));
      tail += recordBytes(size);
      assertHeader(path, BYTES, tail, SIZES.length);
    }
  }));

Deno.test("the header shows a take at once, and the end of a long backlog at the end of the turn", () =>
  inScratch(async ({ path: dir }) => {
    const path = `${dir}/raw`;
    using pusher = new Pusher<Uint8Array>("raw", { dir, codec: "raw" });
    using puller = new Puller<Uint8Array>("raw", { dir });
    const target = new Uint8Array(8);
    const take = (count: number) => {
      for (let i = 0; i < count; i++) assert.equal(puller.recvIntoSync(target), 8);
    };
    for (let i = 0; i < 1000; i++) pusher.send(target);
    take(1);
    assert.equal(readHeader(path)["tail"], recordBytes(8));
    take(9);
    assert.equal(readHeader(path)["tail"], 10 * recordBytes(8));
    take(490);
    const behind = 500 - readHeader(path)["tail"] / recordBytes(8);
    assert.ok(behind >= 0 && behind < 64, `${behind} messages behind`);
    await Promise.resolve();
    assert.equal(readHeader(path)["tail"], 500 * recordBytes(8));
    take(500);
    assert.equal(puller.tryRecvInto(target), -1);
    assert.equal(readHeader(path)["tail"], 1000 * recordBytes(8));
  }));

Deno.test("the header shows what a puller took before it closed", () =>
  inScratch(({ path: dir }) => {
    using pusher = new Pusher<Uint8Array>("raw", { dir, codec: "raw" });
    const puller = new Puller<Uint8Array>("raw", { dir });
    for (let i = 0; i < 200; i++) pusher.send(new Uint8Array(8));
    for (let i = 0; i < 199; i++) puller.tryRecv();
    puller.close();
    assert.equal(readHeader(`${dir}/raw`)["tail"], 199 * recordBytes(8));
    return Promise.resolve();
  }, ["raw"]));

Deno.test("the header counts what a full ring rejected", () =>
  inScratch(async ({ path: dir, spawn }) => {
    const options = { dir, codec: "raw", capacityBytes: 1024 } as const;
    const pusher = spawn();
    await pusher.execute({ do: "open", id: "out", role: "pusher", target: "raw", options });
    const sizes = Array(12).fill(112);
    const accepted = await pusher.execute<number>({ do: "sendBytes", id: "out", sizes });
    assert.equal(accepted, 7, "seven records of 128 bytes and a gap of 16 fit");
    assertHeader(`${dir}/raw`, 7 * 128, 0, 7, 5);
    const puller = spawn();
    await puller.execute({ do: "open", id: "in", role: "puller", target: "raw", options });
    await puller.execute({ do: "receive", id: "in", mode: "into", count: 7 });
    assertHeader(`${dir}/raw`, 7 * 128, 7 * 128, 7, 5);
  }));

Deno.test("the header has the totals of two pushers", () =>
  inScratch(async ({ path: dir, spawn }) => {
    const path = `${dir}/raw`;
    const options = { dir, codec: "raw", capacityBytes: 4096 } as const;
    const [first, second, puller] = [spawn(), spawn(), spawn()];
    await first.execute({ do: "open", id: "out", role: "pusher", target: "raw", options });
    await second.execute({ do: "open", id: "out", role: "pusher", target: "raw", options });
    await first.execute({ do: "sendBytes", id: "out", sizes: SIZES });
    assertHeader(path, BYTES, 0, SIZES.length);
    await second.execute({ do: "sendBytes", id: "out", sizes: SIZES });
    assertHeader(path, 2 * BYTES, 0, 2 * SIZES.length);
    await first.execute({ do: "sendBytes", id: "out", sizes: [8] });
    assertHeader(path, 2 * BYTES + 24, 0, 2 * SIZES.length + 1);

    await puller.execute({ do: "open", id: "in", role: "puller", target: "raw", options });
    const all = await puller.execute<number[][]>({
      do: "receive",
      id: "in",
      mode: "view",
      count: 2 * SIZES.length + 1,
    });
    assert.deepEqual(
      all.map((bytes) => bytes.length).sort(byNumber),
      [...SIZES, ...SIZES, 8].sort(byNumber),
    );
    assertHeader(path, 2 * BYTES + 24, 2 * BYTES + 24, 2 * SIZES.length + 1);
  }));

Deno.test("the header of a broadcast counts what subscribers missed", () =>
  inScratch(async ({ path: dir, spawn }) => {
    const path = `${dir}/raw`;
    const options = { dir, codec: "raw", capacityBytes: 1024 } as const;
    const [publisher, subscriber] = [spawn(), spawn()];
    await subscriber.execute({ do: "open", id: "in", role: "subscriber", target: "raw", options });
    await publisher.execute({ do: "open", id: "out", role: "publisher", target: "raw", options });
    await publisher.execute({ do: "sendBytes", id: "out", sizes: Array(100).fill(16) });
    const { head, tail, count, dropped } = readHeader(path);
    assert.deepEqual({ count, dropped }, { count: 100, dropped: 0 });
    assert.ok(head >= 3200 && tail <= head && head - tail <= 1024, `head ${head}, tail ${tail}`);
    await publisher.execute({ do: "sendBytes", id: "out", sizes: [1] });
    await subscriber.start({ do: "receive", id: "in", mode: "into", count: 1 });
    await subscriber.result();
    const { missed } = await subscriber.execute<{ missed: number }>({ do: "statistics", id: "in" });
    assert.ok(missed > 0);
    assert.equal(readHeader(path)["dropped"], missed);
  }));

function byNumber(a: number, b: number): number {
  return a - b;
}
