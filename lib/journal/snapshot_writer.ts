/**
 * Writes the state of a journal into a new generation.
 *
 * @module
 */

import { isOutOfSpace } from "../platform/out_of_space.ts";
import * as layout from "../segment/journal_layout.ts";
import type { JournalFiles } from "./files.ts";
import { Generation, type Stamp } from "./generation.ts";
import { bytesToLeave } from "./reserve.ts";
import type { JournalState } from "./state.ts";
import type { Steps } from "./steps.ts";

const NO_BYTES = new Uint8Array(0);

/** Writes snapshots of one state. */
export class SnapshotWriter {
  readonly #journal: string;
  readonly #files: JournalFiles;
  readonly #state: JournalState;
  /** Bytes of the last snapshot that was measured, and the last record before it. */
  #measured: { bytes: number; last: Stamp } | undefined;

  constructor(journal: string, files: JournalFiles, state: JournalState) {
    this.#journal = journal;
    this.#files = files;
    this.#state = state;
  }

  /** Bytes of the records that remove all entries of the state one by one. */
  get removalBytes(): number {
    return this.#state.removalBytes ?? 0;
  }

  /** Creates a generation that begins with a snapshot of the state; on a full disk, in the spare file. */
  *write(id: number, last: Stamp): Steps<Generation> {
    try {
      return yield* this.#fill(Generation.create(this.#files, id, this.#journal, last), last);
    } catch (error) {
      if (!isOutOfSpace(error)) throw error;
      const bytes = this.measure(last) + bytesToLeave("data", 0, this.removalBytes);
      const spared = Generation.create(this.#files, id, this.#journal, last, bytes);
      return yield* this.#fill(spared, last);
    }
  }

  *#fill(generation: Generation, last: Stamp): Steps<Generation> {
    let isComplete = false;
    try {
      const { removalBytes } = this;
      for (const { bytes, sequence, heldUntilMs = Infinity } of this.#state.snapshot()) {
        const stamp = { sequence, timeMs: last.timeMs };
        generation.hold(heldUntilMs);
        generation.write(bytes, layout.KIND_DATA, stamp, removalBytes);
        yield;
      }
      generation.write(NO_BYTES, layout.KIND_SNAPSHOT_END, last, removalBytes);
      generation.endSnapshot();
      isComplete = true;
      return generation;
    } finally {
      if (!isComplete) this.discard(generation);
    }
  }

  /** Deletes a generation that no other member knows. */
  discard(generation: Generation): void {
    generation.close();
    this.#files.remove(generation.id);
  }

  /** Bytes of the records of a snapshot behind the record `last`. */
  measure(last: Stamp): number {
    if (this.#measured?.last === last) return this.#measured.bytes;
    let bytes = layout.recordBytes(0);
    for (const record of this.#state.snapshot()) bytes += layout.recordBytes(record.bytes.length);
    this.#measured = { bytes, last };
    return bytes;
  }
}
