/**
 * Shared state in shared memory, without a server.
 *
 * @module
 */

import { pluralize } from "../../../lib/base/pluralize.ts";
import { checkNoMore } from "../../../lib/base/checks.ts";
import { callback, directoryPath, flag, text } from "../../../lib/base/option_checks.ts";
import { OptionRules } from "../../../lib/base/option_rules.ts";
import { CatchUp } from "../../../lib/journal/catch_up.ts";
import { Journal, type JournalRecord, type JournalState } from "../../../lib/journal/journal.ts";
import { ShmConnectionError, ShmCorruptionError } from "../../../lib/base/errors.ts";
import {
  differingLimit,
  LIMIT_NAMES,
  type LimitName,
  resolveLimits,
  STATE_CHECKS,
  type StateLimits,
  type StateOptions,
} from "../config.ts";
import { DEFAULT_SHM_NAME } from "../defaults.ts";
import { SharedBackendLimitError } from "../errors.ts";
import {
  FORMAT,
  fromRecord,
  type LimitsRecord,
  limitsRecord,
  removalBytes,
  snapshotRecords,
  type StateRecord,
  tickRecord,
  toRecord,
} from "./record.ts";
import type { StatePlace } from "../info.ts";
import { SyncBackend } from "../sync_backend.ts";
import { type StateClock, StateTable, type StateWrite, type WriteResult } from "../table.ts";

/** Options of the shared-memory backend. */
export interface ShmBackendOptions extends StateOptions {
  /** Name of the state, with the rules for names of channels. Default: `"state"`. */
  shmName?: string | undefined;
  /** Directory of the segments. Default: `RINGBUS_DIR`, or a directory of the user. */
  dir?: string | undefined;
  /** Keeps the state when its last backend closes. One backend that sets it is enough. Default: false. */
  persist?: boolean | undefined;
  /**
   * Milliseconds since 1970. A test sets a clock of its own. Default: a clock that all backends of the
   * name share, and that follows the machine's uptime when the wall clock is set.
   */
  now?: StateClock | undefined;
}

const OPTIONS = new OptionRules<ShmBackendOptions>("new ShmBackend()", {
  shmName: text,
  dir: directoryPath,
  persist: flag,
  ...STATE_CHECKS,
  now: callback,
});

/** A record may be appended somewhat later than was assumed for the expiry of its entry. */
const HOLD_MARGIN_MS = 60_000;

/** Writes that only remove something: on a full disk they use reserved space. */
const REMOVALS: ReadonlySet<StateWrite["kind"]> = new Set([
  "deleteThread",
  "clearThreads",
  "deletePair",
  "clearPairs",
]);

/**
 * Shared state for the processes and workers of one machine. Each write is a record that all of them
 * apply in the same order. A process that dies during a write leaves the whole write or nothing. Needs
 * `--allow-ffi`.
 *
 * A thread or pair expires `ttlSeconds` after its last write. Reading is not a use.
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
  /** Those of the state. */
  #limits: StateLimits;
  /** Which of them a backend has asked for. */
  readonly #asked = new Set<LimitName>();
  /** False until the first record was applied, which has the limits of the state. */
  #hasLimits = false;
  #journal!: Journal;
  #table: StateTable;
  readonly #catchUp = new CatchUp(() => this.#journal.catchUpInTurns());
  /** Time of the record that is being applied. */
  #recordMs: number | undefined;
  #outcome: { value: unknown } | { error: unknown } | undefined;

  /**
   * Attaches to the state of that name, or creates it. A large state is read by the first call, in turns of
   * the event loop if it is asynchronous; with a limit to compare it is read at once.
   *
   * @throws {TypeError} if an option is unknown, or the name is invalid
   * @throws {RangeError} if a limit or the time to live is out of range
   * @throws {ShmConnectionError} if the state has other limits than those that are given, or there is no
   * space
   * @throws {ShmPermissionError} without `--allow-ffi`, or if another user owns the directory
   * @throws {ShmCorruptionError} if the state is damaged
   */
  constructor(options: ShmBackendOptions = {}) {
    checkNoMore("new ShmBackend()", arguments, 1);
    super();
    OPTIONS.check(options);
    this.#limits = resolveLimits(options);
    this.#table = this.#newTable();
    do this.#begin(options); while (!this.#open(options));
  }

  /** The limits of a new state. */
  #begin(options: ShmBackendOptions): void {
    this.#limits = resolveLimits(options);
    this.#reset();
    this.#asked.clear();
    for (const limit of askedIn(options)) this.#asked.add(limit);
  }

  /** Attaches; false if a state with other limits was deleted, which held nothing and was not in use. */
  #open(options: ShmBackendOptions): boolean {
    const { shmName = DEFAULT_SHM_NAME, dir, persist, now } = options;
    const table = () => this.#table;
    const state: JournalState = {
      reset: () => this.#reset(),
      apply: (record) => this.#apply(record),
      snapshot: () => this.#snapshot(),
      expiry: () => this.#table.hasExpired() ? tickRecord() : undefined,
      get isEmpty() {
        const { threads, pairs } = table().counts();
        return threads + pairs === 0;
      },
      get removalBytes() {
        return removalBytes(table());
      },
    };
    const journalOptions = { dir, persist, clock: now, appliesLater: true };
    this.#journal = new Journal(shmName, FORMAT, state, journalOptions);
    if (askedIn(options).length === 0 && this.#journal.isFarBehind) return true;
    this.#journal.catchUpOrLeave();
    this.#replaceDefaults(options);
    const other = differingLimit(options, this.#limits);
    if (other === undefined) return true;
    this.#journal.removeExpired();
    const { threads, pairs } = this.#table.counts();
    const error = new ShmConnectionError(
      `cannot attach to shared state "${shmName}": ${other.limit} is ${
        other.actual ?? "not set"
      } there, not ` +
        `${options[other.limit]}; ${this.#journal.creator}, and it holds ` +
        `${pluralize(threads, "thread")} and ` +
        `${pluralize(pairs, "pair")}; omit the limit to read them, or delete them with ` +
        `${this.#journal.removalCall} when no process uses them`,
    );
    if (threads + pairs === 0 && this.#journal.tryDelete()) return false;
    this.#journal.leave();
    throw error;
  }

  #reset(): void {
    this.#hasLimits = false;
    this.#table = this.#newTable();
  }

  #newTable(): StateTable {
    return new StateTable(this.#limits, () => this.#recordMs ?? this.#journal.nowMs(), false);
  }

  #apply({ bytes, timeMs, isOwn }: JournalRecord): void {
    this.#recordMs = timeMs;
    try {
      this.#applyRecord(fromRecord(bytes), isOwn);
    } catch (cause) {
      throw new ShmCorruptionError(
        `a record of ${pluralize(bytes.length, "byte")} in a journal of shared state is no ` +
          `write: a process has ` +
          `overwritten it; close all backends and delete the state with removeStale()`,
        { cause },
      );
    } finally {
      this.#recordMs = undefined;
    }
  }

  #applyRecord(record: StateRecord, isOwn: boolean): void {
    if (record.kind === "restore") {
      this.#table.sweep();
      return this.#table.restore(record);
    }
    if (record.kind === "limits") return this.#adopt(record);
    const outcome = this.#attempt(record);
    if (isOwn) this.#outcome = outcome;
  }

  /** Asks for limits in place of defaults, which no backend has asked for so far. */
  #replaceDefaults(options: ShmBackendOptions): void {
    const asked = askedIn(options).filter((limit) => !this.#asked.has(limit));
    if (asked.length === 0) return;
    try {
      this.#journal.append(limitsRecord(resolveLimits(options), asked), 0);
    } catch (error) {
      if (!(error instanceof ShmConnectionError)) throw error;
    }
  }

  /**
   * Takes the limits of a snapshot, or those that replace defaults. A limit that another backend has asked
   * for meanwhile stays, and so does the time to live of entries.
   */
  #adopt({ limits: { maxSlotsPerThread, maxThreads, ttlMs }, asked }: LimitsRecord): void {
    const given = { maxSlotsPerThread, maxThreads, ttlMs: ttlMs ?? undefined };
    if (!this.#hasLimits) {
      this.#limits = given;
      this.#asked.clear();
      this.#hasLimits = true;
    }
    const { threads, pairs } = this.#table.counts();
    for (const limit of asked) {
      if (this.#asked.has(limit) || (limit === "ttlSeconds" && threads + pairs > 0)) continue;
      this.#asked.add(limit);
      const name = limit === "ttlSeconds" ? "ttlMs" : limit;
      this.#limits = { ...this.#limits, [name]: given[name] };
    }
    this.#table.setLimits(this.#limits);
  }

  /** Attempts a write. A write beyond a limit fails in all backends, and is not a damage. */
  #attempt(write: StateWrite): { value: unknown } | { error: unknown } {
    try {
      return { value: this.#table.write(write) };
    } catch (error) {
      if (error instanceof SharedBackendLimitError) return { error };
      throw error;
    }
  }

  *#snapshot() {
    yield { bytes: limitsRecord(this.#limits, this.#asked), sequence: 0, heldUntilMs: 0 };
    for (const record of snapshotRecords(this.#table.contents())) yield { ...record, sequence: 0 };
  }

  /**
   * The segments and the limits of the state.
   * @internal
   */
  protected override place(): StatePlace {
    return { backendType: "shm", address: `shm:${this.#journal.name}`, limits: this.#limits };
  }

  /**
   * Makes a call at once, or after the records that are there have been applied in turns.
   * @internal
   */
  protected override inTurn<T>(call: () => T): Promise<T> {
    const deferring = () => this.#journal.deferring(call);
    return this.#journal.isFarBehind || this.#catchUp.hasWaiting
      ? this.#catchUp.before(deferring)
      : super.inTurn(deferring);
  }

  /**
   * The current state.
   * @internal
   */
  protected override current(): StateTable {
    this.#journal.catchUp();
    return this.#table;
  }

  /**
   * Appends a write, and returns its result.
   * @internal
   */
  protected override write<W extends StateWrite>(write: W): WriteResult<W> {
    const isRemoval = REMOVALS.has(write.kind);
    if (isRemoval && !this.current().has(write)) return false as WriteResult<W>;
    const record = toRecord(write);
    if (isRemoval) this.#journal.appendRemoval(record);
    else this.#appendHolding(record);
    const outcome = this.#outcome!;
    this.#outcome = undefined;
    if ("error" in outcome) throw outcome.error;
    return outcome.value as WriteResult<W>;
  }

  /** Another backend may have replaced the default time to live just before the record. */
  #appendHolding(record: Uint8Array): void {
    const { ttlMs } = this.#limits;
    this.#journal.append(record, this.#heldUntilMs);
    if (ttlMs !== this.#limits.ttlMs) this.#journal.hold(this.#heldUntilMs);
  }

  /** When an entry that is used now expires, or later. */
  get #heldUntilMs(): number {
    return this.#journal.nowMs() + (this.#limits.ttlMs ?? Infinity) + HOLD_MARGIN_MS;
  }

  /**
   * Detaches from the state.
   * @internal
   */
  protected override release(): void {
    this.#journal.close();
  }
}

function askedIn(options: ShmBackendOptions): LimitName[] {
  return LIMIT_NAMES.filter((limit) => options[limit] !== undefined);
}
