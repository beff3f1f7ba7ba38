/**
 * Following a channel up to a limit, for every subcommand that does.
 *
 * @module
 */

import { startTimer } from "../../lib/base/timer.ts";
import { type OptionTable, UsageError } from "../command.ts";
import { pluralize } from "../../lib/base/pluralize.ts";
import type { Output } from "../output.ts";
import { noMessageError } from "../messages/receive.ts";
import { follow, type FollowEnd } from "../../lib/observe/follow.ts";
import type { ObservedMessage, ReadResult, Since } from "../../lib/observe/lane_reader.ts";
import type { ChannelReader } from "../../lib/observe/reader.ts";
import type { SegmentFile } from "../../lib/observe/segment_file.ts";

/** Options of every subcommand that follows a channel. */
export const WATCH_OPTIONS = {
  since: {
    type: "string",
    value: "WHEN",
    choices: ["oldest", "now"],
    help: "now, or oldest: include the messages that are there; default: now",
  },
  limit: { type: "string", short: "n", value: "N", help: "end after this many messages" },
} as const satisfies OptionTable;

/**
 * Where to begin. Default: with new messages.
 *
 * @throws {UsageError} if it is neither now nor oldest
 */
export function sinceOf(text: string | undefined): Since {
  if (text === undefined || text === "now") return "now";
  if (text === "oldest") return text;
  throw new UsageError(`--since takes now or oldest, not ${JSON.stringify(text)}`);
}

/** Limits at which to end. */
export interface WatchLimits {
  /** Messages. Default: no limit. */
  readonly messages?: number | undefined;
  /** Milliseconds without a message. Default: no limit. */
  readonly timeoutMs?: number | undefined;
  /** Milliseconds in total. Default: no limit. */
  readonly durationMs?: number | undefined;
}

/** Handles what was read. */
export interface WatchHandler {
  /** Handles a message. */
  message(message: ObservedMessage): void;
  /** Handles a number of messages that were overwritten before they were read. */
  missed?(count: number): void;
  /** Called when all messages of one poll were handled. */
  polled?(): void;
}

/** Follows channels, or one channel after the other with the same name. */
export class Watch implements Disposable {
  /** Aborts at a limit, at a timeout, and at SIGINT, SIGTERM or SIGHUP. */
  readonly signal: AbortSignal;
  /** Messages so far. */
  messages = 0;
  /** Messages missed so far. */
  missed = 0;
  readonly #names: readonly string[];
  readonly #output: Output;
  readonly #limits: WatchLimits;
  readonly #controller = new AbortController();
  #stopTimer: (() => void) | undefined;
  readonly #stopDuration: () => void;
  #isTimedOut = false;

  /** Starts the timers. */
  constructor(
    names: readonly string[],
    output: Output,
    limits: WatchLimits,
    signal: AbortSignal,
  ) {
    this.#names = names;
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

  /** Ends all that is followed. */
  end(): void {
    this.#controller.abort();
  }

  /** Follows one channel until it is deleted, or a limit is reached. */
  async follow(
    name: string,
    file: SegmentFile,
    reader: ChannelReader,
    handler: WatchHandler,
  ): Promise<FollowEnd> {
    this.#output.notice(`reading ${name}`);
    const steps = follow(file, reader, this.signal);
    while (true) {
      const { value, done } = await steps.next();
      if (done) return this.#reportEnd(name, value);
      if (!this.signal.aborted) this.#restartTimer();
      this.#handle(name, value, handler);
      await this.#output.flush(this.signal);
    }
  }

  #handle(
    name: string,
    { messages, missed, issues }: ReadResult,
    handler: WatchHandler,
  ): void {
    const max = this.#limits.messages ?? Infinity;
    if (this.messages >= max) return;
    for (const { offset, part, problem } of issues) {
      this.#output.notice(`${name} is damaged at byte ${offset}, ${part}: ${problem}`);
    }
    if (missed > 0) {
      this.missed += missed;
      const where = this.#names.length > 1 ? ` of ${name}` : "";
      this.#output.notice(`missed ${pluralize(missed, "message")}${where}`);
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

  #reportEnd(name: string, end: FollowEnd): FollowEnd {
    if (end !== "aborted") this.#output.notice(`${name} was ${end}`);
    return end;
  }

  /**
   * Throws if no message arrived in time.
   *
   * @throws {ShmTimeoutError} after `timeoutMs` without a message
   */
  throwIfTimedOut(): void {
    if (!this.#isTimedOut) return;
    throw noMessageError(this.#names, this.#limits.timeoutMs!);
  }

  /** Stops the timers. */
  [Symbol.dispose](): void {
    this.#stopTimer?.();
    this.#stopDuration();
  }
}
