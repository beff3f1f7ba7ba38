/**
 * The state that a TCP server serves, with its clients. Without I/O.
 *
 * @module
 */

import { checkNoMore } from "../../../lib/base/checks.ts";
import type { Store } from "../../store/store.ts";
import type { Command } from "../../tcp/server/command.ts";
import type { CommandService } from "../../tcp/server/service.ts";
import { TextMap } from "../../../lib/base/text_map.ts";
import { monotonicNow } from "../../../lib/base/clock.ts";
import { callback } from "../../../lib/base/option_checks.ts";
import { OptionRules } from "../../../lib/base/option_rules.ts";
import {
  checkAuthkey,
  resolveLimits,
  STATE_CHECKS,
  type StateLimits,
  type StateOptions,
} from "../config.ts";
import { type StateClock, StateTable } from "../table.ts";
import { STATE_COMMANDS } from "./commands.ts";
import { StateSession } from "./session.ts";
import { WriteDedup } from "./write_dedup.ts";

/** Milliseconds for which the replies of a disconnected client are kept. */
const DEDUP_RETENTION_MS = 60_000;
/** Milliseconds for the first client to attach. */
const FIRST_CLIENT_MS = 30_000;
/** Milliseconds for the last client to reconnect after it has lost its connection. */
const RECONNECT_GRACE_MS = 2000;

/** Options of served state. */
export interface StateHostOptions extends StateOptions {
  /** The secret that clients must prove to know: their `managerAuthkey`. */
  authkey: Uint8Array;
  /** Milliseconds, for times to live. A test sets a clock of its own. Default: a monotonic clock. */
  now?: StateClock;
  /**
   * Called once, when the last client has left or is lost, or when none attached within 30 seconds.
   * After that no client can attach. Default: the state lives as long as the server.
   */
  onEnd?: () => void;
}

const OPTIONS = new OptionRules<StateHostOptions>("new StateHost()", {
  authkey: checkAuthkey,
  ...STATE_CHECKS,
  now: callback,
  onEnd: callback,
});

/**
 * Shared state for `ManagerBackend`: the option `state` of an `EmbeddedServer`. A backend starts such a
 * server on its own machine. For other machines, start one yourself.
 *
 * @example
 * ```ts
 * import { ManagerBackend } from "@ringbus/ringbus/state";
 * import { EmbeddedServer, StateHost } from "@ringbus/ringbus/tcp";
 *
 * const authkey = crypto.getRandomValues(new Uint8Array(32));
 * await using server = new EmbeddedServer({ port: 0, state: new StateHost({ authkey }) });
 * const port = await server.start();
 * await using backend = new ManagerBackend({
 *   managerAddress: ["127.0.0.1", port],
 *   managerAuthkey: authkey,
 * });
 * console.log(await backend.bufferAppend("thread-1", Uint8Array.of(1, 2, 3))); // 0
 * ```
 */
export class StateHost implements CommandService {
  /**
   * The commands that it registers with a server.
   * @internal
   */
  readonly commands: readonly Command<StateSession>[] = STATE_COMMANDS;
  /**
   * Identifies this state: a later one at the same address has another id.
   * @internal
   */
  readonly instance: string = crypto.randomUUID();
  /**
   * Threads and pairs.
   * @internal
   */
  readonly table: StateTable;
  /**
   * Limits that all clients must have.
   * @internal
   */
  readonly limits: StateLimits;
  readonly #authkey: Uint8Array;
  readonly #onEnd: (() => void) | undefined;
  readonly #sessions = new Set<StateSession>();
  readonly #clients = new TextMap<WriteDedup>();
  /** What each store has counted of it. */
  readonly #counted = new WeakMap<Store, number>();
  #isEnded = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * Makes an empty state.
   *
   * @throws {TypeError} if an option is unknown, or the key is invalid
   * @throws {RangeError} if a limit or the time to live is out of range
   */
  constructor(options: StateHostOptions) {
    checkNoMore("new StateHost()", arguments, 1);
    OPTIONS.require(options);
    this.#authkey = checkAuthkey("authkey", options.authkey);
    this.#onEnd = options.onEnd;
    this.limits = resolveLimits(options);
    this.table = new StateTable(this.limits, options.now ?? monotonicNow);
    this.#endIn(FIRST_CLIENT_MS);
  }

  /**
   * Counts in the store of a server what the state takes.
   * @internal
   */
  count(store: Store): void {
    const { bytes } = this.table;
    store.chargeKept(bytes - (this.#counted.get(store) ?? 0));
    this.#counted.set(store, bytes);
  }

  #endIn(ms: number): void {
    if (this.#onEnd !== undefined) this.#timer = setTimeout(() => this.#end(), ms);
  }

  #end(): void {
    this.#isEnded = true;
    this.#onEnd?.();
  }

  /**
   * Opens the session of a connection.
   * @internal
   */
  openSession(): StateSession {
    return new StateSession(this, this.#authkey);
  }

  /**
   * Attaches a client. Returns the replies to its writes, or undefined if the state has ended.
   * @internal
   */
  attach(session: StateSession, clientId: string): WriteDedup | undefined {
    if (this.#isEnded) return undefined;
    clearTimeout(this.#timer);
    this.#evictOldClients();
    let dedup = this.#clients.get(clientId);
    if (dedup === undefined) this.#clients.set(clientId, dedup = new WriteDedup());
    dedup.connections++;
    this.#sessions.add(session);
    return dedup;
  }

  #evictOldClients(): void {
    const before = performance.now() - DEDUP_RETENTION_MS;
    for (const [clientId, { connections, disconnectedAtMs: lostAtMs }] of this.#clients) {
      if (connections === 0 && lostAtMs < before) this.#clients.delete(clientId);
    }
  }

  /**
   * Detaches a client that leaves. True if the state ends with that.
   * @internal
   */
  detach(session: StateSession, clientId: string): boolean {
    this.#sessions.delete(session);
    this.#clients.delete(clientId);
    this.#isEnded ||= this.#onEnd !== undefined && this.#sessions.size === 0;
    return this.#isEnded;
  }

  /**
   * Handles the end of a connection.
   * @internal
   */
  disconnect(session: StateSession, dedup: WriteDedup): void {
    dedup.connections--;
    dedup.disconnectedAtMs = performance.now();
    const isLost = this.#sessions.delete(session);
    if (this.#sessions.size > 0) return;
    if (this.#isEnded) this.#end();
    else if (isLost) this.#endIn(RECONNECT_GRACE_MS);
  }
}
