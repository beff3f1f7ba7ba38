/**
 * Calls that wait for keys: each is attempted again when one of its keys has changed, in the order in which
 * they began to wait, until it has a reply. The clock of the store ends those that wait too long.
 *
 * @module
 */

import type { Clock } from "../../../lib/base/clock.ts";
import { mapKey } from "../../../lib/base/text_map.ts";
import type { Keyspace } from "../../store/keyspace.ts";
import { Blocked, type Reply } from "../protocol/reply.ts";

/** A call that waits. */
export interface BlockedCall {
  readonly keys: Keyspace;
  readonly names: readonly string[];
  /** The reply when its time has passed, or when another client ends its wait. */
  readonly onTimeout: Reply;
  /** Tries again. */
  attempt(): Reply;
  /** Takes its reply. */
  finish(reply: Reply): void;
  stopTimer: () => void;
  /** Fulfilled when the wait has ended. */
  readonly ended: Promise<void>;
  readonly onEnd: () => void;
}

/** What a call brings that begins to wait. */
export type NewBlockedCall = Omit<BlockedCall, "stopTimer" | "ended" | "onEnd">;

/** The calls that wait in all databases. */
export class BlockedCalls {
  readonly #clock: Clock;
  readonly #waiting = new Map<Keyspace, Map<string, Set<BlockedCall>>>();
  readonly #all = new Set<BlockedCall>();
  /** Keys that have changed since the last attempts. */
  #signalled: Set<Set<BlockedCall>> = new Set();
  #isServing = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls that wait. */
  get size(): number {
    return this.#all.size;
  }

  /** Lets a call wait. */
  add(call: NewBlockedCall, timeoutMs: number): BlockedCall {
    const { promise: ended, resolve: onEnd } = Promise.withResolvers<void>();
    const blocked: BlockedCall = { ...call, stopTimer: () => {}, ended, onEnd };
    this.#all.add(blocked);
    for (const name of call.names) this.#waitersOf(call.keys, name).add(blocked);
    blocked.stopTimer = this.#clock.startTimer(
      timeoutMs,
      () => this.finish(blocked, blocked.onTimeout),
    );
    return blocked;
  }

  #waitersOf(keys: Keyspace, name: string): Set<BlockedCall> {
    let byName = this.#waiting.get(keys);
    if (byName === undefined) this.#waiting.set(keys, byName = new Map());
    const id = mapKey(name);
    let waiters = byName.get(id);
    if (waiters === undefined) byName.set(id, waiters = new Set());
    return waiters;
  }

  /** Ends a wait without a reply; false if it has ended. */
  remove(call: BlockedCall): boolean {
    if (!this.#all.delete(call)) return false;
    call.stopTimer();
    call.onEnd();
    const byName = this.#waiting.get(call.keys);
    if (byName === undefined) return true;
    for (const name of call.names) {
      const waiters = byName.get(mapKey(name));
      if (waiters?.delete(call) && waiters.size === 0) byName.delete(mapKey(name));
    }
    if (byName.size === 0) this.#waiting.delete(call.keys);
    return true;
  }

  /** Ends a wait with a reply; false if it has ended. */
  finish(call: BlockedCall, reply: Reply): boolean {
    if (!this.remove(call)) return false;
    call.finish(reply);
    return true;
  }

  /** A key has changed. The next call of `serve` makes the attempts. */
  signal(keys: Keyspace, name: string): void {
    if (this.#all.size === 0) return;
    const waiters = this.#waiting.get(keys)?.get(mapKey(name));
    if (waiters !== undefined) this.#signalled.add(waiters);
  }

  /** True if `serve` has something to do. */
  get isDue(): boolean {
    return this.#signalled.size > 0 && !this.#isServing;
  }

  /** Attempts the calls whose keys have changed. What one of them changes may let others go on. */
  serve(): void {
    if (this.#isServing) return;
    this.#isServing = true;
    while (this.#signalled.size > 0) {
      const signalled = this.#signalled;
      this.#signalled = new Set();
      for (const waiters of signalled) this.#attemptAll(waiters);
    }
    this.#isServing = false;
  }

  #attemptAll(waiters: ReadonlySet<BlockedCall>): void {
    for (const call of [...waiters]) {
      if (!this.#all.has(call)) continue;
      const reply = call.attempt();
      if (!(reply instanceof Blocked)) this.finish(call, reply);
    }
  }
}
