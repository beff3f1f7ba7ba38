/**
 * Following a channel up to a limit, for every subcommand that does.
 *
 * @module
 */

import { startTimer } from "../../lib/base/timer.ts";
import { type OptionTable, UsageError } from "../command.ts";
import { pluralize } from "../pluralize.ts";
import type { Output } from "../output.ts";
import { ShmTimeoutError } from "../../lib/base/errors.ts";
import { follow, type FollowEnd } from "../../lib/observe/follow.ts";
import type { ObservedMessage, ReadResult, Since } from "../../lib/observe/lane_reader.ts";
import type { ChannelReader } from "../../lib/observe/reader.ts";
import type { SegmentFile } from "../../lib/observe/segment_file.ts";

/** Options of everyone who follows. */
export const WATCH_OPTIONS = {
  since: { type: "string", value: "WHEN", help: "now, or oldest: with what is there already" },
  limit: { type: "string", short: "n", value: "N", help: "end after so many messages" },
} as const satisfies OptionTable;

/**
 * Where to begin; with what comes now if nothing is said.
 *
 * @throws {UsageError} if it is neither now nor oldest
 */
export function sinceOf(text: string | undefined): Since {
  if (text === undefined || text === "now") return "now";
  if (text === "oldest") return text;
  throw new UsageError(`--since takes now or oldest, not ${JSON.stringify(text)}`);
}

/** When to end. */
export interface WatchLimits {
  /** Messages; without bound when left out. */
  readonly messages?: number;
  /** Milliseconds without a message; without bound when left out. */
  readonly timeoutMs?: number;
  /** Milliseconds at all; without bound when left out. */
  readonly durationMs?: number;
}

/** What is done with what was seen. */
export interface WatchHandler {
  /** A message. */
  message(message: ObservedMessage): void;
  /** Messages that were overwritten before they could be read. */
  missed?(count: number): void;
  /** All that one look has found was handed over. */
  polled?(): void;
}

/** One following of a channel, or of several of one name. */
export class Watch implements Disposable {
  /** Aborts at the limit, when nothing came in time, and when the program is asked to end. */
  readonly signal: AbortSignal;
  /** Messages so far. */
  messages = 0;
  /** Messages missed so far. */
  missed = 0;
  readonly #name: string;
  readonly #output: Output;
  readonly #limits: WatchLimits;
  readonly #controller = new AbortController();
  #stopTimer: (() => void) | undefined;
  readonly #stopDuration: () => void;
  #isTimedOut = false;

  /** Begins to count the time. */
  constructor(name: string, output: Output, limits: WatchLimits, signal: AbortSignal) {
    this.#name = name;
    this.#output = output;
    this.#limits = limits;
    this.signal = AbortSignal.any([signal, this.#controller.signal]);
    this.#restartTimer();
    const { durationMs = Infinity } = limits;
    this.#stopDuration = startTimer(durationMs, () => this.#controller.abort());
  }

  #restartTimer(): void {
    this.#stopTimer?.();
    const { timeoutMs = Infinity } = this.#limits;
    this.#stopTimer = startTimer(timeoutMs, () => {
      this.#isTimedOut = true;
      this.#controller.abort();
    });
  }

  /** Follows one channel to its end, or to ours. */
  async follow(
    file: SegmentFile,
    reader: ChannelReader,
    handler: WatchHandler,
  ): Promise<FollowEnd> {
    this.#output.notice(`reading ${this.#name}`);
    const steps = follow(file, reader, this.signal);
    while (true) {
      const { value, done } = await steps.next();
      if (done) return this.#reportEnd(value);
      if (!this.signal.aborted) this.#restartTimer();
      this.#handle(value, handler);
    }
  }

  #handle({ messages, missed, issues }: ReadResult, handler: WatchHandler): void {
    const max = this.#limits.messages ?? Infinity;
    if (this.messages >= max) return;
    for (const { offset, part, problem } of issues) {
      this.#output.notice(`${this.#name} is damaged at byte ${offset}, ${part}: ${problem}`);
    }
    if (missed > 0) {
      this.missed += missed;
      this.#output.notice(`missed ${pluralize(missed, "message")}`);
      handler.missed?.(missed);
    }
    for (const message of messages) {
      if (this.messages >= max) break;
      this.messages++;
      handler.message(message);
    }
    handler.polled?.();
    if (this.messages >= max) this.#controller.abort();
  }

  #reportEnd(end: FollowEnd): FollowEnd {
    if (end !== "aborted") this.#output.notice(`${this.#name} was ${end}`);
    return end;
  }

  /**
   * Throws if nothing came in time.
   *
   * @throws {ShmTimeoutError} in that case
   */
  throwIfTimedOut(): void {
    if (!this.#isTimedOut) return;
    throw new ShmTimeoutError(
      `no message came on channel "${this.#name}" within ${this.#limits.timeoutMs} ms`,
    );
  }

  /** Stops the timers. */
  [Symbol.dispose](): void {
    this.#stopTimer?.();
    this.#stopDuration();
  }
}
