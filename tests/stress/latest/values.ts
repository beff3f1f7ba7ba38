/**
 * The values of a run under faults, which show whether they are whole and in order.
 *
 * @module
 */

import type { Latest } from "../../../mod.ts";
import type { Random } from "../../support/random.ts";

/** Participants of a run. */
export const PLACES = 4;
/** The key of the sum to which all add. */
export const SUM = "sum";
const SHARED_KEYS = 6;

/** A text whose characters are all the same, and how long it is. */
export interface Text {
  /** Grows with each value of a key that has one writer. */
  readonly n: number;
  readonly length: number;
  readonly text: string;
}

/** How often a place has added to the sum. */
export interface Count {
  readonly begun: number;
  readonly done: number;
  /** Additions of killed processes of which nobody knows. */
  readonly inDoubt: number;
}

/** A value of latest values in a run. */
export type Value = Text | Count | number;

/** The key that only one place sets. */
export function ownKey(place: number): string {
  return `own/${place}`;
}

/** The key of the additions of a place. */
export function countKey(place: number): string {
  return `count/${place}`;
}

/** A key that all places set and delete. */
export function sharedKey(random: Random): string {
  return `shared/${random.below(SHARED_KEYS)}`;
}

/** A text of a random length: most are short. */
export function textOf(n: number, random: Random): Text {
  const length = random.chance(0.05) ? random.below(300_000) : random.below(3000);
  return { n, length, text: String.fromCharCode(97 + n % 26).repeat(length) };
}

/** Notices values that are not whole, or older than one that was read before. */
export class Reader {
  readonly #latest: Latest<Value>;
  readonly #newest = new Map<string, number>();
  /** What was wrong. */
  readonly wrong: string[] = [];
  reads = 0;

  constructor(latest: Latest<Value>) {
    this.#latest = latest;
  }

  /** Reads and checks a key. */
  read(key: string): void {
    this.check(key, this.#latest.get(key));
  }

  /** Checks what was read of a key. */
  check(key: string, value: Value | undefined): void {
    this.reads++;
    if (typeof value !== "object" || !("text" in value)) return;
    const { n, length, text } = value;
    if (text !== String.fromCharCode(97 + n % 26).repeat(length)) {
      this.wrong.push(`${key} is torn: ${text.length} characters, not ${length}`);
    }
    if (!key.startsWith("own/")) return;
    const newest = this.#newest.get(key) ?? 0;
    if (n < newest) this.wrong.push(`${key} went back from ${newest} to ${n}`);
    this.#newest.set(key, Math.max(n, newest));
  }
}
