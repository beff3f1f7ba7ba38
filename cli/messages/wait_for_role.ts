/**
 * Waiting for a participant of a channel.
 *
 * @module
 */

import type { Role } from "../../lib/segment/format.ts";
import { ShmTimeoutError } from "../../lib/base/errors.ts";
import { describeChannel } from "../../lib/observe/registry.ts";
import { sleep } from "../../lib/base/sleep.ts";

/** Milliseconds between two checks of the channel. */
const POLL_INTERVAL_MS = 50;

/** True if a live participant of a channel has a role. */
export function hasRole(name: string, role: Role): boolean {
  const participants = describeChannel(name)?.participants ?? [];
  return participants.some((participant) => participant.role === role && participant.alive);
}

/**
 * Waits until a participant of a channel has a role, or the signal aborts.
 *
 * @throws {ShmTimeoutError} if there is none within `timeoutMs`
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
        `no ${role} attached to channel "${name}" within ${timeoutMs} ms; start one, or wait longer`,
      );
    }
    await sleep(POLL_INTERVAL_MS, signal);
  }
}
