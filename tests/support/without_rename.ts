/**
 * A file system that cannot rename without replacing, such as some network file systems.
 *
 * @module
 */

import { platform } from "../../lib/platform/mod.ts";
import type { Platform } from "../../lib/platform/platform.ts";
import { SystemError } from "../../lib/platform/system_error.ts";

/** Runs a test as on a file system that cannot rename without replacing. */
export function withoutRenameNew(test: (os: Partial<Platform>) => void, onRename = () => {}): void {
  const os: Partial<Platform> = platform();
  os.renameNew = (_from, to) => {
    onRename();
    throw new SystemError(`rename ${to}`, "EINVAL");
  };
  try {
    test(os);
  } finally {
    delete os.renameNew;
  }
}
