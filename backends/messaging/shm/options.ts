/**
 * Options of the messaging backend in shared memory.
 *
 * @module
 */

import {
  callback,
  directoryPath,
  flag,
  text,
  wholeNumber,
} from "../../../lib/base/option_checks.ts";
import { OptionRules } from "../../../lib/base/option_rules.ts";
import { checkChannelName } from "../../../lib/channel/channel_options.ts";
import { checkLimit } from "../../store/limits.ts";
import type { MessagingBackendOptions } from "../backend.ts";
import { BACKEND_CHECKS } from "../options.ts";

/** Default of `maxBytes`. */
export const DEFAULT_MAX_BYTES = 64 * 2 ** 20;
/** A generation of a journal has at most 4 GiB, and contains more than the messages. */
const LARGEST_MAX_BYTES = 2 ** 30;

/** Options of a backend in shared memory. */
export interface ShmMessagingBackendOptions extends MessagingBackendOptions {
  /** Name of the state: all backends with the same name and directory see the same messages. */
  name: string;
  /** Directory of the segments. Default: `RINGBUS_DIR`, or a directory of the user. */
  dir?: string;
  /** Keeps the state when the last backend closes. One backend that sets it is enough. Default: false. */
  persist?: boolean;
  /**
   * Most bytes of all messages and keys, up to 1 GiB. Default: the limit of the state, or 64 MiB.
   * The oldest messages are evicted. A key is rejected if no message is left to evict.
   */
  maxBytes?: number;
  /**
   * Most messages of a topic. The oldest by the time of their ids are evicted. Default: the limit of the
   * state, or none.
   */
  maxMessagesPerTopic?: number;
  /**
   * Milliseconds since 1970. A test sets a clock of its own. Default: a clock that all backends of the
   * name share, and that follows the machine's uptime when the wall clock is set.
   */
  clock?: () => number;
}

const OPTIONS = new OptionRules<ShmMessagingBackendOptions>("new ShmMessagingBackend()", {
  name: text,
  dir: directoryPath,
  persist: flag,
  maxBytes: wholeNumber(1, LARGEST_MAX_BYTES),
  maxMessagesPerTopic: checkLimit,
  clock: callback,
  ...BACKEND_CHECKS,
});

/** Checks the options, and copies them. */
export function checkBackendOptions(
  options: ShmMessagingBackendOptions,
): ShmMessagingBackendOptions {
  OPTIONS.require(options);
  checkChannelName(options.name);
  return { ...options };
}
