/**
 * Signals: notifications without a payload, between processes or workers.
 *
 * @module
 */

import { checkInteger, checkNoMore } from "../base/checks.ts";
import { ShmClosedError } from "../base/errors.ts";
import { NONE, type None } from "../base/none.ts";
import { abortSignal, checkTimeout, directoryPath, durationMs } from "../base/option_checks.ts";
import { OptionRules } from "../base/option_rules.ts";
import type { TimeoutOptions, WaitOptions } from "../base/options.ts";
import { runAll } from "../base/run_all.ts";
import { isTurnDue, takeTurn } from "../base/turn.ts";
import { Attachment } from "../channel/attachment.ts";
import { SIGNAL_CAPACITY_BYTES } from "../channel/open.ts";
import { closedWhileWaiting } from "../channel/closed.ts";
import type { PollSource } from "../channel/poll_source.ts";
import { AsyncWaitQueue, POLL_SOURCE, type WaitContext, waitSync } from "../channel/wait.ts";
import { checkSignalsOnPoll, register, unregister } from "../presence/exit_hooks.ts";
import { checkLabel } from "../segment/label.ts";
import { isLocalHandle, type LocalHandle } from "../segment/worker_memory.ts";
import { MAX_IDS, SIGNAL_COUNTS, WAITERS_RECEIVERS } from "../../wasm/layout.ts";

/** Options of a signal. */
export interface SignalOptions {
  /** Directory of the segment. Default: `RINGBUS_DIR`, or the user's own directory. */
  dir?: string | undefined;
  /** A name for this participant, as sockets have it. */
  label?: string | undefined;
}

const OPTIONS = new OptionRules<SignalOptions>("new Signal()", {
  dir: directoryPath,
  label: checkLabel,
}, { codec: "a notification has no value", capacityBytes: "a signal has no ring" });
const WAIT_SYNC_OPTIONS = new OptionRules<TimeoutOptions>(
  "waitSync()",
  { timeoutMs: durationMs },
  { signal: "only wait() can be aborted" },
);
const WAIT_OPTIONS = new OptionRules<WaitOptions>("wait()", {
  timeoutMs: durationMs,
  signal: abortSignal,
});

/** The word of the first count. */
const COUNTS = SIGNAL_COUNTS >>> 2;

/**
 * Notifications without a payload, by name between processes, or by the handle of a local channel between
 * workers. Each has an id from 0 to 255. A notification reaches all other signals of that name or channel that
 * are open at that moment, and not the one that sends it.
 *
 * Notifications of one id coalesce: who has not waited meanwhile gets the id once. None is lost: the id comes
 * with the next wait, however long that takes. Nothing fills up, and no notifier waits, whatever the others do.
 *
 * Costs: `notify` takes about 50 ns if nobody waits. Not safe to share between workers: each opens its own.
 *
 * @example
 * ```ts
 * import { LocalChannel, Signal } from "@ringbus/ringbus";
 *
 * const FRAME_READY = 1;
 * using channel = LocalChannel.create();
 * // worker.postMessage(channel.handle);
 * using camera = new Signal(channel.handle);
 * using viewer = new Signal(channel.handle);
 *
 * camera.notify(FRAME_READY);
 * camera.notify(FRAME_READY);
 * console.log(await viewer.wait()); // [1]
 * ```
 */
export class Signal implements Disposable, AsyncDisposable {
  readonly #attachment: Attachment;
  readonly #context: WaitContext;
  readonly #waits: AsyncWaitQueue;
  /** The counts that this participant has reported. */
  readonly #seen: Int32Array;
  readonly #attempt: () => number[] | None = () => this.#take();

  /**
   * Attaches to a signal, creating it if it is new.
   *
   * @throws {ShmConnectionError} if the name is that of a channel of another kind, or there is no space
   * @throws {ShmPermissionError} without `--allow-ffi`, or if the segment is another user's
   */
  constructor(target: string | LocalHandle, options?: SignalOptions) {
    OPTIONS.check(options, arguments[2]);
    const all = { ...options, capacityBytes: SIGNAL_CAPACITY_BYTES };
    this.#attachment = new Attachment(target, "signal", "member", all);
    this.#seen = this.#attachment.words.slice(COUNTS, COUNTS + MAX_IDS);
    this.#context = {
      attachment: this.#attachment,
      side: WAITERS_RECEIVERS,
      evictStalled: () => {},
      waitBoundMs: () => Infinity,
    };
    this.#waits = new AsyncWaitQueue(this.#context);
    if (!isLocalHandle(target)) register(this);
  }

  /** Name of the signal. */
  get name(): string {
    return this.#attachment.name;
  }

  /** True once this participant is closed. */
  get closed(): boolean {
    return this.#attachment.isClosed;
  }

  /**
   * Notifies all others that are open. Never blocks.
   *
   * @param id from 0 to 255
   * @throws {RangeError} if the id is no whole number from 0 to 255
   * @throws {ShmClosedError} if this participant is closed
   */
  notify(id: number): void {
    if (arguments.length > 1) checkNoMore("notify()", arguments, 1);
    checkInteger("id", id, 0, MAX_IDS - 1);
    this.#checkReady();
    const { ring } = this.#attachment;
    const before = ring.countNotification(id) | 0;
    // What others have notified since this participant looked stays to be reported.
    if (this.#seen[id] === before) this.#seen[id] = before + 1;
    this.#attachment.wakeAll(WAITERS_RECEIVERS);
  }

  /**
   * The ids that were notified since the last wait, in ascending order; empty if there are none.
   *
   * @throws {ShmClosedError} if this participant is closed
   */
  tryWait(): number[] {
    if (arguments.length > 0) checkNoMore("tryWait()", arguments, 0, "waitSync() or wait()");
    const ids = this.#take();
    return ids === NONE ? [] : ids;
  }

  /**
   * Waits for notifications, blocking this thread.
   *
   * @returns the ids that were notified since the last wait, in ascending order; empty after `timeoutMs`
   * @throws {ShmClosedError} if this participant is closed
   */
  waitSync(options?: TimeoutOptions): number[] {
    WAIT_SYNC_OPTIONS.check(options, arguments[1]);
    this.#checkReady();
    const ids = waitSync(this.#context, this.#attempt, checkTimeout(options));
    return ids === NONE ? [] : ids;
  }

  /**
   * Waits for notifications in the event loop. Several waits are served in their order: each notification
   * ends one of them.
   *
   * @returns the ids that were notified since the last wait, in ascending order; empty after `timeoutMs`
   * @throws {ShmClosedError} if this participant is closed
   */
  wait(options?: WaitOptions): Promise<number[]> {
    return WAIT_OPTIONS.rejection(options, arguments[1]) ?? this.#wait(options);
  }

  async #wait(options: WaitOptions | undefined): Promise<number[]> {
    try {
      options?.signal?.throwIfAborted();
      this.#checkReady();
      const ids = await this.#waits.wait(this.#attempt, options);
      return ids === NONE ? [] : ids;
    } finally {
      if (isTurnDue()) await takeTurn();
    }
  }

  /** The ids that are notified, one by one, until this participant is closed. */
  async *[Symbol.asyncIterator](): AsyncIterableIterator<number> {
    while (!this.closed) {
      try {
        yield* await this.#wait(undefined);
      } catch (error) {
        if (error instanceof ShmClosedError) return;
        throw error;
      }
    }
  }

  /**
   * How a poll sees this signal.
   * @internal
   */
  [POLL_SOURCE](): PollSource {
    return {
      attachment: this.#attachment,
      dueAtMs: Infinity,
      isReady: () => this.#hasNotification(),
    };
  }

  #hasNotification(): boolean {
    const { words } = this.#attachment;
    for (let id = 0; id < MAX_IDS; id++) {
      if (words[COUNTS + id] !== this.#seen[id]) return true;
    }
    return false;
  }

  #take(): number[] | None {
    this.#checkReady();
    const { words } = this.#attachment;
    const seen = this.#seen;
    let ids: number[] | undefined;
    for (let id = 0; id < MAX_IDS; id++) {
      const count = words[COUNTS + id];
      if (count === seen[id]) continue;
      seen[id] = count;
      (ids ??= []).push(id);
    }
    if (ids !== undefined) return ids;
    if (checkSignalsOnPoll()) this.#attachment.endAtNextCall();
    return NONE;
  }

  #checkReady(): void {
    const { isUsable, ring } = this.#attachment;
    if (!isUsable || ring.closed() !== 0) this.#attachment.checkOpen();
  }

  /** Detaches; waits end with `ShmClosedError`. Closing twice does nothing. */
  close(): void {
    if (this.#attachment.isClosed) return;
    const error = closedWhileWaiting(this.name);
    runAll(
      () => this.#waits.rejectAll(error),
      () => this.#attachment.close(),
      () => unregister(this),
    );
  }

  /** What `console.log` shows. */
  [Symbol.for("Deno.customInspect")](): string {
    return `Signal { name: ${JSON.stringify(this.name)}, closed: ${this.closed} }`;
  }

  /** Detaches at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Detaches at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }
}
