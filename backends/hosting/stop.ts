/**
 * How servers stop.
 *
 * @module
 */

import { pluralize } from "../../lib/base/pluralize.ts";
import { durationMs } from "../../lib/base/option_checks.ts";
import { OptionRules } from "../../lib/base/option_rules.ts";
import { logger } from "../../lib/base/log.ts";
import { isTurnDue, takeTurn } from "../../lib/base/turn.ts";
import { startTimer } from "../../lib/base/timer.ts";
import type { Store } from "../store/store.ts";

/** Milliseconds for clients to receive what is theirs. */
const DEFAULT_GRACE_MS = 3000;

/** Input that comes after the end is read in chunks of this size, and discarded. */
const DRAIN_BUFFER_BYTES = 16 * 1024;

/** Options of `stop()` of a server. */
export interface StopOptions {
  /**
   * Most milliseconds to wait for clients: for those that read their last replies and entries slowly,
   * and for the rest of requests that have arrived in part. Default: 3000.
   */
  graceMs?: number;
}

/** The options of a server's `stop()`. */
export const STOP_OPTIONS = new OptionRules<StopOptions>("stop()", { graceMs: durationMs });

/** The milliseconds that a call of `stop()` may take. */
export function graceMsOf(options: StopOptions | undefined): number {
  STOP_OPTIONS.check(options);
  return options?.graceMs ?? DEFAULT_GRACE_MS;
}

/** Logs and counts the entries that a server had for subscribers when it stopped. */
export function reportDropped(store: Store, dropped: number): void {
  if (dropped === 0) return;
  store.subscriptions.recordDropped(dropped);
  logger.warn("{messages} for subscribers got lost when the server stopped", {
    messages: pluralize(dropped, "message"),
    dropped,
  });
}

/** Waits for work that depends on others. True if it ended within the time; its failure is an end. */
export async function endsWithin(work: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  const stopTimer = startTimer(timeoutMs, () => resolve(false));
  const ended = work.then(() => true, () => true);
  const hasEnded = await Promise.race([ended, late]);
  stopTimer();
  return hasEnded;
}

/** Reads until the client closes: with unread input, a closed socket discards output that is on its way. */
export async function drainInput(conn: Deno.Conn): Promise<void> {
  const discarded = new Uint8Array(DRAIN_BUFFER_BYTES);
  while (await conn.read(discarded) !== null) {
    if (isTurnDue()) await takeTurn();
  }
}

/** Runs a periodic task of a server. Its failure is logged, and ends nothing else. */
export function runTask(what: string, task: () => void): void {
  try {
    task();
  } catch (error) {
    logger.error("{what} failed: {error}", { what, error });
  }
}
