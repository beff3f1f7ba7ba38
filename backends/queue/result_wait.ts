/**
 * Waits for what workers make of messages. An event says when to look at the store. An event may be lost, so
 * that the store is looked at from time to time as well.
 *
 * @module
 */

import { abortSignal, durationMs } from "../../lib/base/option_checks.ts";
import { OptionRules } from "../../lib/base/option_rules.ts";
import { formatValue } from "../../lib/base/options.ts";
import type { QueueClock } from "./clock.ts";
import { isTransient } from "./consumer.ts";
import { QueueJobError, QueueTimeoutError } from "./errors.ts";
import { logger } from "./log.ts";
import { fromJson } from "./records.ts";
import type { QueueStore, StoredResult } from "./store.ts";
import type { PublishAndWaitOptions, QueueEvent } from "./types.ts";

/** Longest time between two looks at the store. */
const LOOK_MS = 2000;
/** How long events are listened to after the last wait. */
const LISTEN_MS = 5000;
/** Events after which a message may have a result, or will have none. */
const FINAL: ReadonlySet<QueueEvent["type"]> = new Set(["acknowledged", "dead", "expired"]);

const WAIT_OPTIONS = new OptionRules<PublishAndWaitOptions>("publishAndWait()", {
  timeoutMs: durationMs,
  signal: abortSignal,
});

/** Checks the options of a wait. */
export function checkWait(wait: PublishAndWaitOptions): PublishAndWaitOptions {
  WAIT_OPTIONS.require(wait);
  durationMs("timeoutMs", wait.timeoutMs);
  return wait;
}

/** Says that a message may have a result. */
class Wakeup {
  isWoken = false;
  #onWake: (() => void) | undefined;

  wake(): void {
    this.isWoken = true;
    this.#onWake?.();
  }

  /** Waits until it is woken, but not longer than `LOOK_MS`. */
  async sleep(clock: QueueClock): Promise<void> {
    if (this.isWoken) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onWake = resolve;
    const cancel = clock.setTimer(resolve, LOOK_MS);
    await promise;
    cancel();
  }
}

/** The waits of one queue. */
export class ResultWaits {
  readonly #store: QueueStore;
  readonly #clock: QueueClock;
  /** Who waits, by the id of the message. */
  readonly #wakeups = new Map<string, Set<Wakeup>>();
  /** What ends each wait. */
  readonly #ends = new Set<AbortController>();
  #listening: Promise<(() => void) | undefined> | undefined;
  #listeners = 0;
  #cancelStop = () => {};
  #hasClosed = false;

  constructor(store: QueueStore, clock: QueueClock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Calls a function while events are listened to. */
  async listenDuring<R>(call: () => Promise<R>): Promise<R> {
    this.#listeners++;
    this.#cancelStop();
    try {
      await (this.#listening ??= this.#listen());
      return await call();
    } finally {
      if (--this.#listeners === 0) this.#stopLater();
    }
  }

  /** Calls that follow each other listen once. */
  #stopLater(): void {
    if (this.#hasClosed) return this.#stopListening();
    this.#cancelStop = this.#clock.setTimer(() => this.#stopListening(), LISTEN_MS, true);
  }

  /** Without events the waits take up to `LOOK_MS` longer. */
  async #listen(): Promise<(() => void) | undefined> {
    try {
      return await this.#store.listenToEvents((event) => this.#onEvent(event));
    } catch (error) {
      logger.warn("events_interrupted", { error });
      return undefined;
    }
  }

  #stopListening(): void {
    void this.#listening?.then((stop) => stop?.());
    this.#listening = undefined;
  }

  #onEvent({ type, id, lost }: QueueEvent): void {
    if (id === undefined || lost || !FINAL.has(type)) return;
    for (const wakeup of this.#wakeups.get(id) ?? []) wakeup.wake();
  }

  /** Rejects all waits, with `error`. */
  closeAll(error: Error): void {
    this.#hasClosed = true;
    for (const end of this.#ends) end.abort(error);
    this.#cancelStop();
    this.#stopListening();
  }

  /**
   * The result of the worker of a message.
   *
   * @throws {QueueJobError} if it became a dead letter, expired, or was removed
   * @throws {QueueTimeoutError} if there was none in time
   */
  async wait(id: string, { timeoutMs, signal }: PublishAndWaitOptions): Promise<unknown> {
    const end = new AbortController();
    const ended = end.signal;
    const onAbort = () => end.abort(signal!.reason);
    signal?.addEventListener("abort", onAbort);
    if (signal?.aborted) onAbort();
    this.#ends.add(end);
    const cancel = this.#clock.setTimer(() => end.abort(timeoutError(id, timeoutMs)), timeoutMs);
    const wakeup = new Wakeup();
    this.#add(id, wakeup);
    try {
      for (;;) {
        wakeup.isWoken = false;
        const outcome = await untilAborted(this.#look(id), ended);
        if (outcome !== undefined) return outcome.value;
        await untilAborted(wakeup.sleep(this.#clock), ended);
      }
    } finally {
      wakeup.wake();
      cancel();
      signal?.removeEventListener("abort", onAbort);
      this.#ends.delete(end);
      this.#remove(id, wakeup);
    }
  }

  #add(id: string, wakeup: Wakeup): void {
    const wakeups = this.#wakeups.get(id) ?? new Set();
    this.#wakeups.set(id, wakeups.add(wakeup));
  }

  #remove(id: string, wakeup: Wakeup): void {
    const wakeups = this.#wakeups.get(id);
    wakeups?.delete(wakeup);
    if (wakeups?.size === 0) this.#wakeups.delete(id);
  }

  /** What became of a message. Undefined: nothing yet, or the store cannot say. */
  async #look(id: string): Promise<{ readonly value: unknown } | undefined> {
    try {
      return await this.#outcomeOf(id);
    } catch (error) {
      if (!isTransient(error)) throw error;
      logger.debug("result_interrupted", { messageId: id, error });
      return undefined;
    }
  }

  async #outcomeOf(id: string): Promise<{ readonly value: unknown } | undefined> {
    const first = await this.#store.result(id);
    if (first !== undefined) return valueOf(id, first);
    const record = await this.#store.get(id, undefined);
    if (record !== undefined && !record.acknowledged) return undefined;
    // It may have ended between the two looks.
    const second = await this.#store.result(id);
    if (second !== undefined) return valueOf(id, second);
    if (record !== undefined) return { value: undefined };
    throw new QueueJobError(
      `message ${formatValue(id)} has no result: it has expired, or it was removed`,
    );
  }
}

function valueOf(id: string, result: StoredResult): { readonly value: unknown } {
  if (result.type === "result") return { value: fromJson(id, "result", result.json) };
  throw new QueueJobError(
    `message ${formatValue(id)} has no result: it became a dead letter (${result.reason})`,
  );
}

function timeoutError(id: string, timeoutMs: number): QueueTimeoutError {
  return new QueueTimeoutError(
    `message ${
      formatValue(id)
    } has no result after ${timeoutMs} ms; its worker may still handle it`,
  );
}

/** The result of work. Rejects with the reason of the signal as soon as that aborts. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  work.catch(() => {});
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
