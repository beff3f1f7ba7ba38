/**
 * Whether the owner of a place lives, without cleaning up after one that does not.
 *
 * @module
 */

import { isolatePath } from "../presence/isolate.ts";
import { hasThreadEnded, isIsolateId } from "../presence/isolate_id.ts";
import { codeOf, ISOLATE_PREFIX } from "../platform/directory.ts";
import { platform } from "../platform/mod.ts";

/**
 * True or false as the kernel's lock on an agent's doorbell says, which is tried for an instant, and
 * is in nobody's way; undefined if it cannot be told.
 */
export function probeIsolate(directory: string, isolate: bigint): boolean | undefined {
  if (!isIsolateId(isolate)) return undefined;
  const os = platform();
  let fd: number;
  try {
    fd = os.openReadOnly(isolatePath(directory, isolate));
  } catch (error) {
    return codeOf(error) === "ENOENT" ? false : undefined;
  }
  try {
    return os.lock(fd, "shared") ? false : !hasThreadEnded(isolate);
  } finally {
    os.close(fd);
  }
}

/** True if a directory holds doorbells: those of a segment that was copied elsewhere are not beside it. */
export function hasDoorbells(directory: string): boolean {
  try {
    return platform().list(directory).some((name) => name.startsWith(ISOLATE_PREFIX));
  } catch {
    return false;
  }
}
