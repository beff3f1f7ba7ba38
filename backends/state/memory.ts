/**
 * Shared state in the memory of one process.
 *
 * @module
 */

import { checkNoMore } from "../../lib/base/checks.ts";
import { monotonicNow } from "../../lib/base/clock.ts";
import { callback, instanceOf } from "../../lib/base/option_checks.ts";
import { OptionRules } from "../../lib/base/option_rules.ts";
import { resolveLimits, STATE_CHECKS, type StateLimits, type StateOptions } from "./config.ts";
import type { StatePlace } from "./info.ts";
import { SyncBackend } from "./sync_backend.ts";
import { type StateClock, StateTable, type StateWrite, type WriteResult } from "./table.ts";

/** Options of the in-memory backend. */
export interface InMemoryBackendOptions extends StateOptions {
  /** Milliseconds, for times to live. A test sets a clock of its own. Default: a monotonic clock. */
  now?: StateClock;
  /** A backend whose state and limits this one shares. Default: it has a state of its own. */
  sharedWith?: InMemoryBackend;
}

const OPTIONS = new OptionRules<InMemoryBackendOptions>("new InMemoryBackend()", {
  ...STATE_CHECKS,
  now: callback,
  sharedWith: instanceOf(() => InMemoryBackend),
});

/**
 * Shared state for one process: for tests, and for programs that have one process.
 *
 * @example
 * ```ts
 * import { InMemoryBackend, serializeSlot } from "@ringbus/ringbus/state";
 *
 * await using backend = new InMemoryBackend();
 * console.log(backend.bufferAppendSync("thread-1", serializeSlot({ text: "hello" }))); // 0
 * await backend.registrySet("console.router", "0b0e");
 * console.log(await backend.registryGetChain("0b0e")); // "console.router"
 * ```
 */
export class InMemoryBackend extends SyncBackend {
  readonly #table: StateTable;
  readonly #limits: StateLimits;

  /**
   * Makes an empty backend.
   *
   * @throws {TypeError} if an option is unknown
   * @throws {RangeError} if a limit or the time to live is out of range
   */
  constructor(options: InMemoryBackendOptions = {}) {
    checkNoMore("new InMemoryBackend()", arguments, 1);
    super();
    OPTIONS.check(options);
    const { sharedWith, now = monotonicNow } = options;
    this.#limits = sharedWith ? sharedWith.#limits : resolveLimits(options);
    this.#table = sharedWith ? sharedWith.#table : new StateTable(this.#limits, now);
  }

  /**
   * The current state.
   * @internal
   */
  protected override current(): StateTable {
    return this.#table;
  }

  /**
   * The limits of the state.
   * @internal
   */
  protected override place(): StatePlace {
    return { backendType: "memory", address: undefined, limits: this.#limits };
  }

  /**
   * Changes the state.
   * @internal
   */
  protected override write<W extends StateWrite>(write: W): WriteResult<W> {
    return this.#table.write(write);
  }

  /**
   * Does nothing: memory needs no release.
   * @internal
   */
  protected override release(): void {}
}
