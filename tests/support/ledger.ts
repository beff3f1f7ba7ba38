/**
 * A journal's state for tests: the texts that were appended, the last ones kept.
 *
 * @module
 */

import type { JournalRecord, JournalState, SnapshotRecord } from "../../lib/journal/journal.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What members that test journals call their format. */
export const LEDGER = "test.ledger";

/** The bytes of a text. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

/** Texts in their order. */
export class Ledger implements JournalState {
  readonly #kept: number;
  /** Those that a copy of this state has in it. */
  entries: { sequence: number; text: string }[] = [];
  /** All that were applied here, with those of copies. */
  readonly applied: (JournalRecord & { text: string })[] = [];
  resets = 0;

  /** @param kept how many texts the state keeps */
  constructor(kept: number = Infinity) {
    this.#kept = kept;
  }

  reset(): void {
    this.entries = [];
    this.resets++;
  }

  apply(record: JournalRecord): void {
    const text = decoder.decode(record.bytes);
    this.applied.push({ ...record, bytes: record.bytes.slice(), text });
    this.entries.push({ sequence: record.sequence, text });
    if (this.entries.length > this.#kept) this.entries.shift();
  }

  *snapshot(): Iterable<SnapshotRecord> {
    for (const { sequence, text } of this.entries) yield { sequence, bytes: bytesOf(text) };
  }

  get texts(): string[] {
    return this.entries.map(({ text }) => text);
  }
}
