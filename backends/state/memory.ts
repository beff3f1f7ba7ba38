/**
 * Shared state in the memory of one process.
 *
 * @module
 */

import { resolveLimits, type StateOptions } from "./config.ts";
import { SyncBackend } from "./sync_backend.ts";
import { type StateClock, StateTable, type StateWrite, type WriteResult } from "./table.ts";

/** Options of the in-memory backend. */
export interface InMemoryBackendOptions extends StateOptions {
  /** Milliseconds since 1970, by a clock of yours in tests; `Date.now` when left out. */
  now?: StateClock;
  /** A backend whose state this one shares, with its limits; left out, it has a state of its own. */
  sharedWith?: InMemoryBackend;
}

/**
 * Shared state for one process: what a program uses before it has more of them, and tests always.
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

  /**
   * Makes an empty backend.
   *
   * @throws {RangeError} if a limit or the time to live is no number that can be
   */
  constructor(options: InMemoryBackendOptions = {}) {
    super();
    const { sharedWith, now = Date.now } = options;
    this.#table = sharedWith ? sharedWith.#table : new StateTable(resolveLimits(options), now);
  }

  /**
   * The state as it is now.
   * @internal
   */
  protected override current(): StateTable {
    return this.#table;
  }

  /**
   * Changes the state.
   * @internal
   */
  protected override write<W extends StateWrite>(write: W): WriteResult<W> {
    return this.#table.write(write);
  }

  /**
   * Memory needs no release.
   * @internal
   */
  protected override release(): void {}
}
