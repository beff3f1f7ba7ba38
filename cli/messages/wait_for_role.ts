/**
 * Who is on a channel.
 *
 * @module
 */

import type { Role } from "../../lib/segment/format.ts";
import { ShmTimeoutError } from "../../lib/base/errors.ts";
import { describeChannel } from "../../lib/observe/registry.ts";
import { sleep } from "../../lib/base/sleep.ts";

/** How often the channel is looked at, in milliseconds. */
const POLL_INTERVAL_MS = 50;

/** True if somebody alive plays a role on a channel. */
export function hasRole(name: string, role: Role): boolean {
  const participants = describeChannel(name)?.participants ?? [];
  return participants.some((participant) => participant.role === role && participant.alive);
}

/**
 * Waits until somebody plays a role on a channel, or the program is asked to end.
 *
 * @throws {ShmTimeoutError} if nobody does in the time given
 */
export async function waitForRole(
  name: string,
  role: Role,
  signal: AbortSignal,
  timeoutMs = Infinity,
): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!signal.aborted && !hasRole(name, role)) {
    if (performance.now() >= end) {
      throw new ShmTimeoutError(
        `no ${role} came to channel "${name}" within ${timeoutMs} ms; start one, or wait longer`,
      );
    }
    await sleep(POLL_INTERVAL_MS, signal);
  }
}
