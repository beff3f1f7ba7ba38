/**
 * The places of a segment that the fuzzer overwrites, and the values: chosen words of the header, the
 * tables and the records, bytes of messages, or any place.
 *
 * @module
 */

import { controlOffset } from "../../../lib/segment/format.ts";
import * as layout from "../../../wasm/layout.ts";
import type { Random } from "../../support/random.ts";

/** A part of a segment that is overwritten. */
export interface Corruption {
  offset: number;
  bytes: Uint8Array<ArrayBuffer>;
  /** Name of the place. */
  what: string;
}

/** Entries of the tables that the cases use. Others are overwritten as "anywhere". */
const PARTICIPANTS = 6;
const LANES = 4;
const LEASE_SLOTS = 12;

/** Offsets in a segment of a known capacity. */
export class SegmentOffsets {
  readonly capacity: number;
  readonly control: number;
  readonly lanes: number;
  readonly regions: number;

  /** Derives the offsets. */
  constructor(capacity: number) {
    this.capacity = capacity;
    this.control = controlOffset(capacity);
    this.lanes = this.control + layout.CONTROL_LANES;
    this.regions = this.control + layout.CONTROL_BYTES;
  }

  /** True if messages may be at a place: in a ring or a region. */
  mayHoldMessages(offset: number, bytes: number): boolean {
    const inFirstRing = offset < this.control && offset + bytes > layout.HEADER_BYTES;
    return inFirstRing || offset + bytes > this.regions;
  }

  /** True if a place overlaps the word with the status of the channel. */
  touchesStatus(offset: number, bytes: number): boolean {
    return offset < layout.HEADER_STATUS + 8 && offset + bytes > layout.HEADER_STATUS;
  }

  participant(index: number): number {
    return this.control + layout.CONTROL_PARTICIPANTS + index * layout.PARTICIPANT_BYTES;
  }

  lane(index: number): number {
    return this.lanes + index * layout.LANE_BYTES;
  }
}

/** A place to overwrite, mostly of eight bytes. */
type Target = [offset: number, what: string];

/** Chooses an overwrite for a segment whose bytes are `image`, and were `earlier` before. */
export function chooseCorruption(
  random: Random,
  offsets: SegmentOffsets,
  image: Uint8Array,
  earlier: Uint8Array,
): Corruption {
  const [offset, what] = chooseTarget(random, offsets, image);
  const bytes = chooseBytes(random, offsets, offset, image, earlier);
  const space = Math.max(0, image.length - offset);
  return { offset, bytes: bytes.subarray(0, space), what };
}

function chooseTarget(random: Random, offsets: SegmentOffsets, image: Uint8Array): Target {
  const choose = random.pick([
    header,
    header,
    control,
    participant,
    participant,
    lane,
    lane,
    lane,
    record,
    record,
    record,
    ringByte,
    region,
    region,
    slot,
    leaseSlot,
    anywhere,
  ]);
  return choose(random, offsets, image);
}

function header(random: Random): Target {
  const at = random.below(layout.HEADER_BYTES / 4) * 4;
  return [at, `header ${at}`];
}

function control(random: Random, { control }: SegmentOffsets): Target {
  const at = random.below(layout.CONTROL_PARTICIPANTS / 4) * 4;
  return [control + at, `control ${at}`];
}

function participant(random: Random, offsets: SegmentOffsets): Target {
  const index = random.below(PARTICIPANTS);
  const at = random.below(layout.PARTICIPANT_BYTES / 4) * 4;
  return [offsets.participant(index) + at, `participant ${index} + ${at}`];
}

function lane(random: Random, offsets: SegmentOffsets): Target {
  const index = random.below(LANES);
  // The first half of an entry has the writer's words, of the receivers' the first two are used.
  const at = random.chance(0.3) ? layout.LANE_TAIL + random.below(4) * 4 : random.below(16) * 4;
  return [offsets.lane(index) + at, `lane ${index} + ${at}`];
}

/** The size or the frame word of a record between a lane's tail and head, or at its head. */
function record(random: Random, offsets: SegmentOffsets, image: Uint8Array): Target {
  const index = random.below(LANES);
  const words = new DataView(image.buffer);
  const entry = offsets.lane(index);
  const data = words.getUint32(entry + layout.LANE_DATA, true);
  const head = words.getBigUint64(entry + layout.LANE_HEAD, true);
  const tail = words.getBigUint64(entry + layout.LANE_TAIL, true);
  if (data === 0 || data + offsets.capacity > image.length) return ringByte(random, offsets);
  const span = head > tail && head - tail <= offsets.capacity ? Number(head - tail) : 0;
  const steps = random.chance(0.5) ? 0 : random.below(span / 8 + 1);
  const position = tail + BigInt(steps * 8);
  const at = Number(position % BigInt(offsets.capacity));
  const into = random.pick([0, 0, 4, 8, 12, 16, 24]);
  return [data + at + into, `record of lane ${index} + ${into}`];
}

function ringByte(random: Random, offsets: SegmentOffsets): Target {
  return [layout.HEADER_BYTES + random.below(offsets.capacity), "ring of lane 0"];
}

function region(random: Random, offsets: SegmentOffsets, image: Uint8Array): Target {
  const bytes = image.length - offsets.regions;
  if (bytes < 8) return ringByte(random, offsets);
  return [offsets.regions + random.below(bytes), "a region"];
}

/** The first words of a participant's region: cursors, or slots of requests. */
function slot(random: Random, offsets: SegmentOffsets, image: Uint8Array): Target {
  const index = random.below(PARTICIPANTS);
  const words = new DataView(image.buffer);
  const place = words.getUint32(offsets.participant(index) + layout.PARTICIPANT_REGION, true);
  const at = random.below(48) * 4;
  if (place < offsets.regions || place + at + 8 > image.length) return control(random, offsets);
  return [place + at, `region of participant ${index} + ${at}`];
}

/** The offset of the first lease table, or a slot in it: mostly the first ones are used. */
function leaseSlot(random: Random, offsets: SegmentOffsets, image: Uint8Array): Target {
  const word = offsets.control + layout.CONTROL_LEASE_TABLES;
  const table = new DataView(image.buffer).getUint32(word, true);
  if (table < offsets.regions || random.chance(0.2)) {
    return [word + random.below(4) * 4, "lease table offset"];
  }
  const at = random.below(LEASE_SLOTS * layout.LEASE_SLOT_BYTES / 4) * 4;
  if (table + at + 8 > image.length) return control(random, offsets);
  return [table + at, `lease table + ${at}`];
}

function anywhere(random: Random, _anatomy: SegmentOffsets, image: Uint8Array): Target {
  return [random.below(image.length), "anywhere"];
}

const DELTAS = [1n, -1n, 2n, 8n, -8n, 16n, 40n, -40n, 64n, -64n, 1024n, -1024n, 4096n];

function chooseBytes(
  random: Random,
  offsets: SegmentOffsets,
  offset: number,
  image: Uint8Array,
  earlier: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const old = new Uint8Array(8);
  old.set(image.subarray(offset, offset + 8));
  switch (random.below(10)) {
    case 0:
      return new Uint8Array(random.pick([1, 4, 8, 8, 64]));
    case 1:
      return new Uint8Array(random.pick([1, 4, 8, 32])).fill(0xff);
    case 2:
      old[random.below(8)] ^= 1 << random.below(8);
      return old;
    case 3:
    case 4:
      return changed(old, random.pick(DELTAS));
    case 5:
      return changed(old, BigInt(random.pick([1, -1]) * offsets.capacity));
    case 6:
      return copyOf(image, chooseTarget(random, offsets, image)[0], random.pick([4, 8, 16]));
    case 7:
      // An earlier value, as a late write would restore it.
      return copyOf(earlier, offset, random.pick([4, 8, 16, 64]));
    default:
      return random.bytes(random.between(1, 16));
  }
}

function changed(word: Uint8Array<ArrayBuffer>, delta: bigint): Uint8Array<ArrayBuffer> {
  const view = new DataView(word.buffer);
  view.setBigUint64(0, BigInt.asUintN(64, view.getBigUint64(0, true) + delta), true);
  return word;
}

function copyOf(source: Uint8Array, offset: number, bytes: number): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(bytes);
  copy.set(source.subarray(offset, offset + bytes));
  return copy;
}
