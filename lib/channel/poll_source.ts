/**
 * What a poll waits for, as the poll sees it. No program loads this module.
 *
 * @module
 */

import type { Attachment } from "./attachment.ts";
import type { POLL_SOURCE } from "./wait.ts";

/** A socket that receives, a signal, or a time. */
export interface PollSource {
  /** What wakes the poll; undefined for a time. */
  readonly attachment: Attachment | undefined;
  /** When it becomes ready by itself, on the clock of `performance.now()`. */
  readonly dueAtMs: number;
  /** True if a call would find something, or would throw. Takes nothing. */
  isReady(): boolean;
}

/** An object that a poll can wait for. */
export interface HasPollSource {
  /**
   * How a poll sees it.
   * @internal
   */
  [POLL_SOURCE](): PollSource;
}
