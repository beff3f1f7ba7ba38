/**
 * Whether the owner of a place lives, without cleaning up after one that does not.
 *
 * @module
 */

import { agentPath } from "../presence/isolate.ts";
import { hasThreadEnded, isAgentId } from "../presence/isolate_id.ts";
import { AGENT_PREFIX, codeOf } from "../platform/directory.ts";
import { platform } from "../platform/mod.ts";

/**
 * True or false as the kernel's lock on an agent's doorbell says, which is tried for an instant, and
 * is in nobody's way; undefined if it cannot be told.
 */
export function isAlive(directory: string, agent: bigint): boolean | undefined {
  if (!isAgentId(agent)) return undefined;
  const os = platform();
  let fd: number;
  try {
    fd = os.openToRead(agentPath(directory, agent));
  } catch (error) {
    return codeOf(error) === "ENOENT" ? false : undefined;
  }
  try {
    return os.lock(fd, "shared") ? false : !hasThreadEnded(agent);
  } finally {
    os.close(fd);
  }
}

/** True if a directory holds doorbells: those of a segment that was copied elsewhere are not beside it. */
export function hasDoorbells(directory: string): boolean {
  try {
    return platform().list(directory).some((name) => name.startsWith(AGENT_PREFIX));
  } catch {
    return false;
  }
}
