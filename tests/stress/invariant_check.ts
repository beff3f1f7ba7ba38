/**
 * Invariants of a segment's tables while all participants rest.
 *
 * @module
 */

import { controlOffset } from "../../lib/segment/format.ts";
import * as layout from "../../wasm/layout.ts";
import { Violation } from "./round.ts";

/** Most lanes in use beyond the number of participants: those of dead ones are used again. */
const SPARE_LANES = 6;
/** Senders have rings of so many sizes, and use only those of their own size again. */
const RING_SIZES = 2;

/**
 * Checks a segment's tables, given its header, first ring and control block.
 *
 * @throws {Violation} if a table refers to a dead participant, or a total is not the sum of its parts
 */
export function checkInvariants(bytes: Uint8Array, attached: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const capacity = Number(view.getBigUint64(layout.HEADER_CAPACITY, true));
  const tables = new Tables(view, controlOffset(capacity));
  const participants = tables.participants();
  expect("participants", participants.size, attached);
  for (const owner of tables.owners()) {
    if (!participants.has(owner)) throw new Violation(`a lane belongs to ${owner}, which is gone`);
  }
  for (const [name, set] of Object.entries(SETS)) {
    const left = tables.members(set).filter((index) => !participants.has(index));
    if (left.length > 0) throw new Violation(`${name} has ${left}, which are gone`);
  }
  expect("holders", tables.members(layout.CONTROL_PINS).length, 0);
  const lanes = view.getUint16(layout.HEADER_LANES, true);
  if (lanes > RING_SIZES * attached + SPARE_LANES) {
    throw new Violation(`${lanes} lanes are used by ${attached}`);
  }
  expect("the header's head", tables.total(layout.HEADER_HEAD), tables.sum(layout.LANE_HEAD));
  expect("the header's count", tables.total(layout.HEADER_COUNT), tables.sum(layout.LANE_COUNT));
  expect("the header's tail", tables.total(layout.HEADER_TAIL), tables.sum(layout.LANE_TAIL));
}

const SETS = {
  "the set of waiting receivers": layout.CONTROL_RECEIVER_WAITERS,
  "the set of waiting senders": layout.CONTROL_SENDER_WAITERS,
  "the set of waiting requesters": layout.CONTROL_REQUESTER_WAITERS,
  "the fairness set": layout.CONTROL_FAIRNESS_SET,
};

function expect<T>(what: string, actual: T, expected: T): void {
  if (actual !== expected) throw new Violation(`${what}: ${actual}, not ${expected}`);
}

/** The tables of a segment. */
class Tables {
  readonly #view: DataView;
  readonly #control: number;

  constructor(view: DataView, control: number) {
    this.#view = view;
    this.#control = control;
  }

  /** Slots in use. */
  participants(): Set<number> {
    const used = new Set<number>();
    for (let index = 0; index < layout.MAX_PARTICIPANTS; index++) {
      const slot = layout.CONTROL_PARTICIPANTS + index * layout.PARTICIPANT_BYTES;
      if (this.#word(slot + layout.PARTICIPANT_ISOLATE) !== 0n) used.add(index);
    }
    return used;
  }

  /** Participants that own lanes. */
  owners(): number[] {
    return this.#lanes().map((lane) => this.#half(lane + layout.LANE_OWNER) - 1)
      .filter((owner) => owner >= 0);
  }

  members(set: number): number[] {
    const members: number[] = [];
    for (let index = 0; index < layout.MAX_PARTICIPANTS; index++) {
      const word = this.#word(set + Math.floor(index / 64) * 8);
      if ((word >> BigInt(index % 64) & 1n) === 1n) members.push(index);
    }
    return members;
  }

  total(field: number): bigint {
    return this.#view.getBigUint64(field, true);
  }

  /** The sum of a field over all lanes. */
  sum(field: number): bigint {
    return this.#lanes().reduce((sum, lane) => sum + this.#word(lane + field), 0n);
  }

  #lanes(): number[] {
    return Array.from(
      { length: layout.MAX_LANES },
      (_, lane) => layout.CONTROL_LANES + lane * layout.LANE_BYTES,
    );
  }

  #word(offset: number): bigint {
    return this.#view.getBigUint64(this.#control + offset, true);
  }

  #half(offset: number): number {
    return this.#view.getUint32(this.#control + offset, true);
  }
}
