/**
 * Waiting: spin for as long as an answer from another core takes, then sleep where the kernel, or the
 * event loop, wakes us.
 *
 * A sender may publish and look for sleepers in one instant, before its own store is visible; so
 * whoever announces sleep looks again for some microseconds, far longer than a store stays in its
 * core, before it sleeps. Every sleep is cut into chunks all the same: what nobody foresaw costs a
 * chunk, not for ever.
 *
 * @module
 */

import type { Attachment } from "./attachment.ts";
import type { Listener } from "../segment/memory.ts";
import { endIfTermed } from "../presence/exit_hooks.ts";
import { trace, tracing } from "../base/log.ts";
import type { WaitOptions } from "../base/options.ts";
import { checkTimeout } from "../base/options.ts";
import { startTimer } from "../base/timer.ts";
import { PARTICIPANT_WAKE, WAIT_DOORBELL, WAIT_WORD } from "../../wasm/layout.ts";

/** Milliseconds of spinning before a synchronous sleep. */
const SPIN_MS = 0.02;
/** Attempts between two looks at the clock. */
const ATTEMPTS_PER_LOOK = 64;
/** Attempts after announcing sleep: some microseconds. */
const DWELL_ATTEMPTS = 60;
/** Longest single sleep, in milliseconds. */
const CHUNK_MS = 100;

/** Tries once: undefined means not yet. */
export type Attempt<T> = () => T | undefined;

/** What waits: a side of an attachment, and how it shortens sleeps. */
export interface Waiter {
  readonly attachment: Attachment;
  /** One of the ASLEEP sides. */
  readonly side: number;
  /** Called when an attempt failed; answers how long to sleep at most, in milliseconds. */
  patienceMs(): number;
  /**
   * Set when each wait is for something of its own, so that they are served in any order: looks once
   * for all of them, and answers whether something came.
   */
  poll?(): boolean;
}

/** Blocks until an attempt succeeds; undefined at the timeout. */
export function waitSync<T>(
  waiter: Waiter,
  attempt: Attempt<T>,
  timeoutMs: number,
): T | undefined {
  const quick = spin(attempt, timeoutMs === 0 ? 0 : SPIN_MS);
  if (quick !== undefined || timeoutMs === 0) return quick;
  if (tracing) trace(`${describe(waiter)} falls asleep for up to ${timeoutMs} ms`);
  const deadline = performance.now() + timeoutMs;
  while (true) {
    endIfTermed();
    waiter.attachment.checkOpen();
    const found = sleepOnce(waiter, attempt, deadline);
    if (found !== undefined) return found;
    if (performance.now() >= deadline) return undefined;
  }
}

/** A look at the clock costs as much as several attempts: an answer that is near never pays for one. */
function spin<T>(attempt: Attempt<T>, spinMs: number): T | undefined {
  const quick = tryTimes(attempt, ATTEMPTS_PER_LOOK);
  if (quick !== undefined || spinMs === 0) return quick;
  const end = performance.now() + spinMs;
  do {
    const found = tryTimes(attempt, ATTEMPTS_PER_LOOK);
    if (found !== undefined) return found;
  } while (performance.now() < end);
  return undefined;
}

function tryTimes<T>(attempt: Attempt<T>, times: number): T | undefined {
  for (let i = 0; i < times; i++) {
    const found = attempt();
    if (found !== undefined) return found;
  }
  return undefined;
}

function sleepOnce<T>(waiter: Waiter, attempt: Attempt<T>, deadline: number): T | undefined {
  const { ring, carrier, index } = waiter.attachment;
  const value = ring.announceWait(index, waiter.side, WAIT_WORD);
  const found = tryTimes(attempt, DWELL_ATTEMPTS);
  const left = deadline - performance.now();
  if (found === undefined && left > 0) {
    const word = waiter.attachment.field(index, PARTICIPANT_WAKE);
    carrier.sleep(word, value, Math.min(left, CHUNK_MS, waiter.patienceMs()));
  }
  const woken = found ?? attempt();
  ring.cancelWait(index, waiter.side);
  return woken;
}

function describe(waiter: Waiter): string {
  return `${waiter.attachment.role} of "${waiter.attachment.name}"`;
}

/** One promise that waits. */
interface Entry {
  /** Tries; true when it is settled. */
  tryNow(): boolean;
  reject(error: unknown): void;
}

/** The promises of one side of a socket that wait for their turn in the event loop. */
export class AsyncWaits implements Listener {
  readonly #waiter: Waiter;
  readonly #entries: Entry[] = [];
  #isArmed = false;
  /** The wake word when we announced sleep last. */
  #announcedAt: number | undefined;
  #hurry: ReturnType<typeof setTimeout> | undefined;

  constructor(waiter: Waiter) {
    this.#waiter = waiter;
  }

  /** Resolves with what an attempt finds, with undefined at the timeout. */
  wait<T>(attempt: Attempt<T>, options: WaitOptions | undefined): Promise<T | undefined> {
    const timeoutMs = checkTimeout(options);
    const signal = options?.signal;
    if (signal?.aborted) return Promise.reject(signal.reason);
    const isNext = this.#entries.length === 0 || this.#waiter.poll !== undefined;
    const quick = isNext ? attempt() : undefined;
    if (quick !== undefined || timeoutMs === 0) return Promise.resolve(quick);
    return new Promise((resolve, reject) => {
      let stopTimer = () => {};
      const settle = (act: () => void) => {
        stopTimer();
        signal?.removeEventListener("abort", onAbort);
        this.#remove(entry);
        act();
      };
      const entry: Entry = {
        tryNow: () => {
          const found = attempt();
          if (found !== undefined) settle(() => resolve(found));
          return found !== undefined;
        },
        reject: (error) => settle(() => reject(error)),
      };
      const onAbort = () => entry.reject(signal!.reason);
      signal?.addEventListener("abort", onAbort);
      if (timeoutMs !== Infinity) {
        stopTimer = startTimer(timeoutMs, () => settle(() => resolve(undefined)));
      }
      this.#add(entry);
    });
  }

  /** Number of promises that wait. */
  get size(): number {
    return this.#entries.length;
  }

  #add(entry: Entry): void {
    this.#entries.push(entry);
    if (this.#entries.length === 1) this.#waiter.attachment.carrier.startListening(this);
    if (tracing) trace(`${describe(this.#waiter)} waits in the event loop`);
    this.look();
  }

  #remove(entry: Entry): void {
    const at = this.#entries.indexOf(entry);
    if (at < 0) return;
    this.#entries.splice(at, 1);
    if (this.#entries.length > 0) return;
    const { carrier, ring, index } = this.#waiter.attachment;
    carrier.stopListening(this);
    this.#announcedAt = undefined;
    if (!this.#waiter.attachment.isClosed) ring.cancelWait(index, this.#waiter.side);
    clearTimeout(this.#hurry);
    this.#hurry = undefined;
  }

  /** Serves the waiting promises in order, then announces sleep if some are left. */
  look(isRecheck = false): void {
    if (this.#serve() || (isRecheck && this.#isAnnounced())) return;
    if (this.#announce()) return;
    const patienceMs = this.#waiter.patienceMs();
    if (patienceMs < CHUNK_MS) {
      clearTimeout(this.#hurry);
      this.#hurry = setTimeout(() => this.look(), patienceMs);
    }
  }

  /** Nobody has woken us since we announced ourselves: there is nothing to do anew. */
  #isAnnounced(): boolean {
    const { attachment } = this.#waiter;
    const word = attachment.field(attachment.index, PARTICIPANT_WAKE) >>> 2;
    return this.#announcedAt === attachment.words[word];
  }

  /** Announces sleep and looks again for a moment; true when nobody is left waiting. */
  #announce(): boolean {
    const { ring, index } = this.#waiter.attachment;
    const value = ring.announceWait(index, this.#waiter.side, WAIT_DOORBELL);
    this.#announcedAt = value;
    this.#arm(value);
    for (let i = 0; i < DWELL_ATTEMPTS; i++) {
      if (this.#serve()) return true;
    }
    return false;
  }

  /** True when nobody is left waiting. */
  #serve(): boolean {
    if (this.#waiter.poll !== undefined) return this.#serveAny();
    while (this.#entries.length > 0) {
      const first = this.#entries[0];
      try {
        this.#waiter.attachment.checkOpen();
        if (!first.tryNow()) return false;
      } catch (error) {
        first.reject(error);
      }
    }
    return true;
  }

  /** One that still waits does not hold up the others. */
  #serveAny(): boolean {
    if (this.#entries.length === 0) return true;
    try {
      this.#waiter.attachment.checkOpen();
      if (this.#waiter.poll!()) {
        for (const entry of [...this.#entries]) entry.tryNow();
      }
    } catch (error) {
      this.rejectAll(error);
    }
    return this.#entries.length === 0;
  }

  #arm(value: number): void {
    if (this.#isArmed) return;
    this.#isArmed = true;
    const { carrier, index } = this.#waiter.attachment;
    carrier.listen(this.#waiter.attachment.field(index, PARTICIPANT_WAKE), value, () => {
      this.#isArmed = false;
      this.look();
    });
  }

  /** Ends all waits with an error. */
  rejectAll(error: unknown): void {
    for (const entry of [...this.#entries]) entry.reject(error);
  }
}
