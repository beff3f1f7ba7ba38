// Reading a segment's tables from its file and from mapped memory.

import assert from "node:assert/strict";
import { Puller, Pusher } from "../../../mod.ts";
import { SegmentFile } from "../../../lib/observe/segment_file.ts";
import { type ByteSource, MemorySource } from "../../../lib/segment/byte_source.ts";
import { parseConfig, readConfig } from "../../../lib/segment/format.ts";
import {
  geometryOf,
  isDrained,
  leaseTableWordOffset,
  pendingBytes,
  readControl,
  readHeader,
  readLane,
  readLanes,
  readLeaseTables,
  readParticipants,
  sumOverLanes,
  unacknowledgedMessages,
} from "../../../lib/segment/tables.ts";
import * as layout from "../../../wasm/layout.ts";
import { TestDirectory } from "../../conformance/channel/directory.ts";
import { poke, word } from "../../support/damage.ts";
import { BytesInMemory } from "../../support/observed.ts";

const CAPACITY = 4096;
const GEOMETRY = geometryOf(CAPACITY);

/** A source in mapped memory that has the bytes of a file. */
function mappedCopy(path: string): MemorySource {
  const bytes = Deno.readFileSync(path);
  const pages = Math.ceil(bytes.length / 65536);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  new Uint8Array(memory.buffer).set(bytes);
  return new MemorySource(memory, bytes.length);
}

/** Everything that the tables have. */
function tablesOf(source: ByteSource): unknown {
  return [
    source.size(),
    readConfig(source, "a"),
    readHeader(source),
    readControl(source, GEOMETRY),
    readParticipants(source, GEOMETRY),
    readLanes(source, GEOMETRY),
    readLeaseTables(source, GEOMETRY),
  ];
}

/** Runs a test on a queue with one leased message and two in its ring. */
function onQueue(name: string, test: (path: string, puller: Puller<number>) => void): void {
  Deno.test(name, () => {
    using directory = new TestDirectory();
    const { path: dir } = directory;
    using pusher = new Pusher<number>("a", { dir, capacityBytes: CAPACITY });
    using keeper = new Puller<number>("a", { dir, ack: true });
    using puller = new Puller<number>("a", { dir });
    pusher.sendMany([1, 2, 3]);
    const delivery = keeper.recvSync();
    test(directory.file("a"), puller);
    delivery.ack();
    puller.drain();
  });
}

onQueue("the file and the mapped memory of a segment have the same tables", (path) => {
  using file = SegmentFile.open(path);
  assert.deepEqual(tablesOf(file), tablesOf(mappedCopy(path)));
});

onQueue("the tables count what is in the rings and what is leased", (path, puller) => {
  using file = SegmentFile.open(path);
  const lanes = readLanes(file, GEOMETRY);
  assert.equal(lanes.length, layout.MAX_LANES);
  assert.deepEqual(readLane(file, GEOMETRY, 0), lanes[0]);
  assert.equal(sumOverLanes(lanes, "count"), 3n);
  assert.equal(pendingBytes(lanes), 48n);
  assert.equal(unacknowledgedMessages(file, GEOMETRY), 1);
  assert.equal(isDrained(file, GEOMETRY), false);
  puller.drain();
  assert.equal(pendingBytes(readLanes(file, GEOMETRY)), 0n);
  // The leased message is still to be acknowledged.
  assert.equal(isDrained(file, GEOMETRY), false);
});

onQueue("a lease table with an invalid offset is reported and has no slots", (path, puller) => {
  using file = SegmentFile.open(path);
  const [{ offset, isValid, slots }] = readLeaseTables(file, GEOMETRY);
  assert.deepEqual([isValid, slots.length], [true, layout.FIRST_LEASE_TABLE_SLOTS]);
  const at = leaseTableWordOffset(GEOMETRY, 0);
  const intact = Deno.readFileSync(path).slice(at, at + 8);
  puller.drain();
  poke(path, at, word(BigInt(offset)));
  assert.deepEqual(readLeaseTables(file, GEOMETRY), [
    { index: 0, offset, isValid: false, slots: [] },
  ]);
  assert.equal(unacknowledgedMessages(file, GEOMETRY), 0);
  assert.equal(isDrained(file, GEOMETRY), false, "the table may hold messages");
  poke(path, at, intact);
});

onQueue("a source that ends early has fewer rows, and no invented ones", (path) => {
  const bytes = Deno.readFileSync(path);
  const cut = (length: number) => new BytesInMemory(bytes.slice(0, length));
  assert.equal(readHeader(cut(layout.HEADER_BYTES - 1)), undefined);
  assert.equal(readControl(cut(GEOMETRY.control + 100), GEOMETRY), undefined);
  const third = GEOMETRY.control + layout.CONTROL_LANES + 2 * layout.LANE_BYTES;
  assert.equal(readLanes(cut(third + 100), GEOMETRY).length, 2);
  assert.equal(readLane(cut(third + 100), GEOMETRY, 2), undefined);
  assert.ok("problem" in parseConfig(cut(third)));
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const source = new MemorySource(memory, 100);
  assert.deepEqual([source.read(90, 20).length, source.read(200, 20).length], [10, 0]);
});
