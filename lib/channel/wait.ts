/**
 * Waiting: spin for as long as a reply from another core takes, then sleep until the kernel or the event
 * loop wakes the socket.
 *
 * A sender may publish a message and look for waiters before its own store is visible to other cores. So
 * a socket that announces its wait tries again for some microseconds before it sleeps, far longer than a
 * store stays in its core. Each sleep has a bound as well: a wake-up that is lost for any other reason
 * costs one bounded sleep.
 *
 * @module
 */

import type { Attachment } from "./attachment.ts";
import { NONE, type None } from "../base/none.ts";
import type { Waiter } from "../base/shared_memory.ts";
import { checkSurroundings } from "../presence/exit_hooks.ts";
import { isTerminated } from "../presence/termination.ts";
import { trace, tracing } from "../base/log.ts";
import type { WaitOptions } from "../base/options.ts";
import { checkTimeout } from "../base/option_checks.ts";
import { startTimer } from "../base/timer.ts";
import { PARTICIPANT_WAKE, WAIT_WORD } from "../../wasm/layout.ts";

/** Milliseconds of spinning before a synchronous sleep. */
const SPIN_MS = 0.02;
/** Attempts between two readings of the clock. */
const ATTEMPTS_PER_CLOCK_READ = 64;
/** Rounds of spinning for one attempt, where a look at a word is enough for the others. */
const ROUNDS_PER_ATTEMPT = 16;
const ROUNDS_PER_CLOCK_READ = 16 * ROUNDS_PER_ATTEMPT;
/** Attempts after a wait is announced: some microseconds. */
const DWELL_ATTEMPTS = 60;
/** Longest single sleep, in milliseconds. */
const MAX_SLEEP_MS = 100;

/** Tries once: `NONE` means not yet. */
export type Attempt<T> = () => T | None;

/** What waits: a side of an attachment, and how it shortens sleeps. */
export interface WaitContext {
  readonly attachment: Attachment;
  /** One of the WAITERS sets. */
  readonly side: number;
  /** Called before each sleep: removes a participant that this side waits for and that is stuck or dead. */
  evictStalled(): void;
  /** Longest sleep until `evictStalled` has to be called again, in milliseconds. */
  waitBoundMs(): number;
  /**
   * Set where a look at one word of the memory tells that an attempt would most likely fail. It may be
   * wrong: while a call spins, only every ROUNDS_PER_ATTEMPT-th round attempts regardless.
   */
  isQuiet?(): boolean;
  /**
   * Set when each wait is for a result of its own, so that they are served in any order: looks for the
   * results of all waits, and returns whether there are new ones.
   */
  poll?(): boolean;
}

/** Blocks until an attempt succeeds; `NONE` at the timeout. */
export function waitSync<T>(
  context: WaitContext,
  attempt: Attempt<T>,
  timeoutMs: number,
): T | None {
  const quick = spin(context, attempt, timeoutMs === 0 ? 0 : SPIN_MS);
  if (quick !== NONE || timeoutMs === 0) return quick;
  if (tracing) trace(`${describe(context)} sleeps for up to ${timeoutMs} ms`);
  try {
    return sleepUntil(context, attempt, performance.now() + timeoutMs);
  } finally {
    context.attachment.resumeWaits(context.side);
  }
}

function sleepUntil<T>(context: WaitContext, attempt: Attempt<T>, deadline: number): T | None {
  while (true) {
    if (checkSurroundings()) context.attachment.endWorker();
    context.attachment.checkOpen();
    const found = sleepOnce(context, attempt, deadline);
    if (found !== NONE) return found;
    if (performance.now() >= deadline) return NONE;
  }
}

/** Reading the clock costs as much as several attempts, so the first attempts are made without it. */
function spin<T>(context: WaitContext, attempt: Attempt<T>, spinMs: number): T | None {
  const quick = spinTimes(context, attempt);
  if (quick !== NONE || spinMs === 0) return quick;
  const end = performance.now() + spinMs;
  do {
    const found = spinTimes(context, attempt);
    if (found !== NONE) return found;
  } while (performance.now() < end);
  return NONE;
}

function spinTimes<T>(context: WaitContext, attempt: Attempt<T>): T | None {
  if (context.isQuiet === undefined) return tryTimes(attempt, ATTEMPTS_PER_CLOCK_READ);
  for (let i = 0; i < ROUNDS_PER_CLOCK_READ; i++) {
    if (i % ROUNDS_PER_ATTEMPT !== 0 && context.isQuiet()) continue;
    const found = attempt();
    if (found !== NONE) return found;
  }
  return NONE;
}

function tryTimes<T>(attempt: Attempt<T>, times: number): T | None {
  for (let i = 0; i < times; i++) {
    const found = attempt();
    if (found !== NONE) return found;
  }
  return NONE;
}

function sleepOnce<T>(context: WaitContext, attempt: Attempt<T>, deadline: number): T | None {
  const { ring, sharedMemory, index } = context.attachment;
  const value = ring.announceWait(index, context.side, WAIT_WORD);
  const found = tryTimes(attempt, DWELL_ATTEMPTS);
  const remainingMs = deadline - performance.now();
  if (found === NONE && remainingMs > 0) {
    const word = context.attachment.fieldOffset(index, PARTICIPANT_WAKE);
    context.evictStalled();
    sharedMemory.waitWord(word, value, Math.min(remainingMs, MAX_SLEEP_MS, context.waitBoundMs()));
    if (isTerminated()) endTerminated(context);
  }
  const woken = found === NONE ? attempt() : found;
  ring.cancelWait(index, context.side);
  return woken;
}

/** What woke this worker is for another participant. */
function endTerminated({ attachment, side }: WaitContext): void {
  attachment.ring.cancelWait(attachment.index, side);
  attachment.wakeOne(side);
  attachment.endWorker();
}

function describe(context: WaitContext): string {
  return `${context.attachment.role} of "${context.attachment.name}"`;
}

/** One promise that waits. */
interface PendingWait {
  /** Tries; true when it is settled. */
  tryNow(): boolean;
  reject(error: unknown): void;
}

/** The promises of one side of a socket that wait for their turn in the event loop. */
export class AsyncWaitQueue implements Waiter {
  readonly #context: WaitContext;
  readonly #pending: PendingWait[] = [];
  #isArmed = false;
  /** The wake word when the wait was announced last. */
  #announcedAt: number | undefined;
  #earlyPoll: ReturnType<typeof setTimeout> | undefined;

  constructor(context: WaitContext) {
    this.#context = context;
  }

  /** Resolves with what an attempt finds, with `NONE` at the timeout. */
  wait<T>(attempt: Attempt<T>, options: WaitOptions | undefined): Promise<T | None> {
    const timeoutMs = checkTimeout(options);
    const signal = options?.signal;
    if (signal?.aborted) return Promise.reject(signal.reason);
    const isNext = this.#pending.length === 0 || this.#context.poll !== undefined;
    const quick = isNext ? attempt() : NONE;
    if (quick !== NONE || timeoutMs === 0) return Promise.resolve(quick);
    return new Promise((resolve, reject) => {
      let stopTimer = () => {};
      const settle = (action: () => void) => {
        stopTimer();
        signal?.removeEventListener("abort", onAbort);
        this.#remove(pending);
        action();
      };
      const pending: PendingWait = {
        tryNow: () => {
          const found = attempt();
          if (found !== NONE) settle(() => resolve(found));
          return found !== NONE;
        },
        reject: (error) => settle(() => reject(error)),
      };
      const onAbort = () => pending.reject(signal!.reason);
      signal?.addEventListener("abort", onAbort);
      if (timeoutMs !== Infinity) {
        stopTimer = startTimer(timeoutMs, () => settle(() => resolve(NONE)));
      }
      this.#add(pending);
    });
  }

  /** Number of promises that wait. */
  get size(): number {
    return this.#pending.length;
  }

  #add(pending: PendingWait): void {
    this.#pending.push(pending);
    if (this.#pending.length === 1) this.#begin();
    if (tracing) trace(`${describe(this.#context)} waits in the event loop`);
    this.poll();
  }

  #begin(): void {
    const { attachment } = this.#context;
    attachment.sharedMemory.addWaiter(this);
    attachment.loopWaits++;
  }

  #remove(pending: PendingWait): void {
    const at = this.#pending.indexOf(pending);
    if (at < 0) return;
    this.#pending.splice(at, 1);
    if (this.#pending.length > 0) return;
    const { sharedMemory, ring, index } = this.#context.attachment;
    sharedMemory.removeWaiter(this);
    this.#context.attachment.loopWaits--;
    this.#announcedAt = undefined;
    const { isClosed, isPolled } = this.#context.attachment;
    if (!isClosed && !isPolled) ring.cancelWait(index, this.#context.side);
    if (this.#earlyPoll !== undefined) clearTimeout(this.#earlyPoll);
    this.#earlyPoll = undefined;
  }

  /**
   * Serves the waiting promises in order, and announces a wait if some are left. A timer or a doorbell
   * calls this, where no program could catch an error: the promises reject with it.
   */
  poll(isRecheck = false): void {
    try {
      this.#poll(isRecheck);
    } catch (error) {
      this.rejectAll(error);
    }
  }

  #poll(isRecheck: boolean): void {
    if (this.#serve() || (isRecheck && this.#isAnnounced())) return;
    if (this.#announceWait()) return;
    this.#context.evictStalled();
    const waitBoundMs = this.#context.waitBoundMs();
    if (waitBoundMs < MAX_SLEEP_MS) {
      clearTimeout(this.#earlyPoll);
      this.#earlyPoll = setTimeout(() => this.poll(), waitBoundMs);
    }
  }

  /** True if no process has woken the socket since it announced its wait. */
  #isAnnounced(): boolean {
    const { attachment } = this.#context;
    const word = attachment.fieldOffset(attachment.index, PARTICIPANT_WAKE) >>> 2;
    return this.#announcedAt === attachment.words[word];
  }

  /** Announces a wait, and tries again for a moment; true when no promise is left. */
  #announceWait(): boolean {
    const { ring, index, doorbellKind } = this.#context.attachment;
    const value = ring.announceWait(index, this.#context.side, doorbellKind);
    this.#announcedAt = value;
    this.#arm(value);
    for (let i = 0; i < DWELL_ATTEMPTS; i++) {
      if (this.#serve()) return true;
    }
    return false;
  }

  /** True when no promise is left. */
  #serve(): boolean {
    if (this.#context.poll !== undefined) return this.#serveAny();
    while (this.#pending.length > 0) {
      const first = this.#pending[0];
      try {
        this.#context.attachment.checkOpen();
        if (!first.tryNow()) return false;
      } catch (error) {
        first.reject(error);
      }
    }
    return true;
  }

  /** A promise that still waits does not delay the others. */
  #serveAny(): boolean {
    if (this.#pending.length === 0) return true;
    try {
      this.#context.attachment.checkOpen();
      if (this.#context.poll!()) {
        for (const pending of [...this.#pending]) pending.tryNow();
      }
    } catch (error) {
      this.rejectAll(error);
    }
    return this.#pending.length === 0;
  }

  #arm(value: number): void {
    if (this.#isArmed) return;
    this.#isArmed = true;
    const { sharedMemory, index } = this.#context.attachment;
    sharedMemory.waitWordAsync(
      this.#context.attachment.fieldOffset(index, PARTICIPANT_WAKE),
      value,
      () => {
        this.#isArmed = false;
        this.poll();
      },
    );
  }

  /** Ends all waits with an error. */
  rejectAll(error: unknown): void {
    for (const pending of [...this.#pending]) pending.reject(error);
  }
}

/** The method of a socket or another object that returns its `PollSource`. */
export const POLL_SOURCE: unique symbol = Symbol("ringbus.pollSource");
