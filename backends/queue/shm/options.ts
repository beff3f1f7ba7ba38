/**
 * Options of the queue in shared memory.
 *
 * @module
 */

import { directoryPath, flag, oneOf, text } from "../../../lib/base/option_checks.ts";
import type { Clock } from "../../../lib/base/clock.ts";
import { OptionRules } from "../../../lib/base/option_rules.ts";
import { checkChannelName } from "../../../lib/channel/channel_options.ts";
import { checkQueueClock, type QueueClock } from "../clock.ts";
import { CONFIG_CHECKS } from "../config.ts";
import type { QueueConfig } from "../types.ts";

/** When what was stored is written to the disk of `dir`. */
export type Fsync = "always" | "everySecond" | "never";

/** Options of a queue in shared memory. */
export interface ShmQueueOptions extends
  Pick<
    QueueConfig,
    | "ttlSeconds"
    | "maxItems"
    | "whenFull"
    | "leaseSeconds"
    | "maxAttempts"
    | "deadlineMs"
    | "instrumentation"
  > {
  /** Name of the queue: all queues with the same name and directory have the same messages. */
  name: string;
  /** Directory of the messages: in shared memory, or on a disk. Default: `RINGBUS_DIR`, or one of the user. */
  dir?: string | undefined;
  /**
   * Whether the messages stay when the last queue closes. True: always; one queue that sets it is enough.
   * False: never. Default: while there is work, which means schedules, dead letters, and messages that are not
   * acknowledged.
   */
  persist?: boolean | undefined;
  /**
   * When what was stored is written to the disk of `dir`, so that it survives the end of the machine: before
   * the call resolves, within a second, or when the system likes. It survives the end of a process in any
   * case. Give all processes the same. Default: `"never"`.
   */
  fsync?: Fsync | undefined;
  /** The source of time, such as a `SteppableClock`. Default: a clock that all processes share. */
  clock?: QueueClock | Clock | undefined;
}

const { ttlSeconds, maxItems, whenFull, leaseSeconds, maxAttempts, deadlineMs, instrumentation } =
  CONFIG_CHECKS;

const OPTIONS = new OptionRules<ShmQueueOptions>("new ShmMessageQueue()", {
  name: text,
  dir: directoryPath,
  persist: flag,
  fsync: oneOf("always", "everySecond", "never"),
  clock: checkQueueClock,
  ttlSeconds,
  maxItems,
  whenFull,
  leaseSeconds,
  maxAttempts,
  deadlineMs,
  instrumentation,
});

/** Checks the options, and copies them. */
export function checkShmOptions(options: ShmQueueOptions): ShmQueueOptions {
  OPTIONS.require(options);
  checkChannelName(options.name);
  return { ...options };
}
