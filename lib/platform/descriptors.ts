/**
 * The file descriptors that are left to this process.
 *
 * @module
 */

import { platform } from "./mod.ts";

/** True if this process may open so many more files. */
export function canOpenFiles(count: number): boolean {
  const os = platform();
  const opened: number[] = [];
  try {
    while (opened.length < count) opened.push(os.open("/dev/null"));
    return true;
  } catch {
    return false;
  } finally {
    for (const fd of opened) os.close(fd);
  }
}
