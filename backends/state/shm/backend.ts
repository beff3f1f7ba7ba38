/**
 * Shared state in shared memory, without a server.
 *
 * @module
 */

import { Journal, type JournalRecord, type JournalState } from "../../../lib/journal/journal.ts";
import { resolveLimits, type StateLimits, type StateOptions } from "../config.ts";
import { SharedBackendLimitError } from "../errors.ts";
import { fromRecord, snapshotRecords, toRecord } from "./record.ts";
import { SyncBackend } from "../sync_backend.ts";
import { type StateClock, StateTable, type StateWrite, type WriteResult } from "../table.ts";

/** Options of the shared-memory backend. */
export interface ShmBackendOptions extends StateOptions {
  /** Name of the state: a channel's name; `"state"` when left out. */
  shmName?: string;
  /** Directory of the segments; left out, `RINGBUS_DIR` or the user's own. */
  dir?: string;
  /** Keeps the state when its last backend closes. Takes effect when the state is created. */
  persist?: boolean;
  /** Milliseconds since 1970, by a clock of yours in tests; `Date.now` when left out. */
  now?: StateClock;
}

/**
 * Shared state for the processes and workers of one machine. Each write is a record that all of them
 * apply in the same order, so that a process which dies in the middle of one leaves the whole of it or
 * nothing. Needs `--allow-ffi`.
 *
 * A thread or pair lives for `ttlSeconds` from its last write on; reading does not renew it.
 *
 * @example
 * ```ts ignore
 * import { ShmBackend } from "@ringbus/ringbus/state";
 *
 * await using backend = new ShmBackend({ shmName: "agents" });
 * const index = backend.bufferAppendSync("thread-1", Uint8Array.of(1, 2, 3));
 * ```
 */
export class ShmBackend extends SyncBackend {
  readonly #limits: StateLimits;
  readonly #now: StateClock;
  readonly #journal: Journal;
  #table: StateTable;
  /** The time of the record that is applied. */
  #recordMs: number | undefined;
  #outcome: { value: unknown } | { error: unknown } | undefined;

  /**
   * Joins the state of that name, or makes it.
   *
   * @throws {TypeError} if the name cannot be
   * @throws {RangeError} if a limit or the time to live cannot be
   * @throws {ShmConnectionError} if others use the state with other limits, or there is no room
   * @throws {ShmPermissionError} without `--allow-ffi`, or if the directory is not ours
   * @throws {ShmCorruptionError} if the state is damaged
   */
  constructor(options: ShmBackendOptions = {}) {
    super();
    const { shmName = "state", dir, persist, now = Date.now } = options;
    this.#limits = resolveLimits(options);
    this.#now = now;
    this.#table = this.#newTable();
    const state: JournalState = {
      reset: () => this.#table = this.#newTable(),
      apply: (record) => this.#apply(record),
      snapshot: () => this.#snapshot(),
    };
    this.#journal = new Journal(shmName, formatOf(this.#limits), state, {
      dir,
      persist,
      clock: now,
    });
  }

  #newTable(): StateTable {
    return new StateTable(this.#limits, () => this.#recordMs ?? this.#now(), false);
  }

  #apply({ bytes, timeMs, isOwn }: JournalRecord): void {
    this.#recordMs = timeMs;
    try {
      const record = fromRecord(bytes);
      if (record.kind === "restore") return this.#table.restore(record);
      const outcome = this.#attempt(record);
      if (isOwn) this.#outcome = outcome;
    } finally {
      this.#recordMs = undefined;
    }
  }

  /** A write that was refused is refused by all, and is no damage. */
  #attempt(write: StateWrite): { value: unknown } | { error: unknown } {
    try {
      return { value: this.#table.write(write) };
    } catch (error) {
      if (error instanceof SharedBackendLimitError) return { error };
      throw error;
    }
  }

  *#snapshot() {
    for (const bytes of snapshotRecords(this.#table.contents())) yield { bytes, sequence: 0 };
  }

  /**
   * The state as it is now.
   * @internal
   */
  protected override current(): StateTable {
    this.#journal.catchUp();
    return this.#table;
  }

  /**
   * Appends a write, and tells what came of it.
   * @internal
   */
  protected override write<W extends StateWrite>(write: W): WriteResult<W> {
    this.#journal.append(toRecord(write));
    const outcome = this.#outcome!;
    this.#outcome = undefined;
    if ("error" in outcome) throw outcome.error;
    return outcome.value as WriteResult<W>;
  }

  /**
   * Leaves the state.
   * @internal
   */
  protected override release(): void {
    this.#journal.close();
  }
}

/** Those who share a state must agree on its limits: what one refuses, all refuse. */
function formatOf({ maxSlotsPerThread, maxThreads, ttlMs = 0 }: StateLimits): string {
  const parts = [maxSlotsPerThread, maxThreads].map((count) => Math.min(count, 2 ** 31));
  return ["state", ...parts, ttlMs].map((part) =>
    typeof part === "number" ? part.toString(36) : part
  ).join("-");
}
