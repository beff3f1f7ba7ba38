/**
 * Who is on a channel.
 *
 * @module
 */

import type { Role } from "../lib/attachment.ts";
import { describeChannel } from "../lib/registry.ts";
import { pause } from "../lib/pause.ts";

/** How often the channel is looked at, in milliseconds. */
const LOOK_EVERY_MS = 50;

/** True if somebody alive plays a role on a channel. */
export function hasRole(name: string, role: Role): boolean {
  const participants = describeChannel(name)?.participants ?? [];
  return participants.some((participant) => participant.role === role && participant.alive);
}

/** Waits until somebody plays a role on a channel, or the program is asked to end. */
export async function waitForRole(name: string, role: Role, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && !hasRole(name, role)) await pause(LOOK_EVERY_MS, signal);
}
