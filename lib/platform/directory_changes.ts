/**
 * Whether files of a directory may have got or lost their names, with one call instead of one for each.
 *
 * @module
 */

import { codeOf } from "./directory.ts";
import { platform } from "./mod.ts";
import type { FileStatus } from "./platform.ts";

/** Longer than the step of a file system's clock: what changes later gives the directory another time. */
const SETTLED_MS = 1500;

/** The names in a directory, as one caller has seen them. */
export class DirectoryChanges {
  readonly #path: string;
  #inode: bigint | undefined;
  #modifiedAtMs = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** Lets the caller look at the names, unless none has changed since it did so and did not throw. */
  look(lookAtNames: () => void): void {
    const status = this.#status();
    const isSeen = status?.inode === this.#inode && status?.modifiedAtMs === this.#modifiedAtMs;
    if (status !== undefined && isSeen) return;
    this.#inode = undefined;
    lookAtNames();
    if (status === undefined || !isSettled(status)) return;
    this.#inode = status.inode;
    this.#modifiedAtMs = status.modifiedAtMs;
  }

  /** Undefined if there is no such directory. */
  #status(): FileStatus | undefined {
    try {
      return platform().status(this.#path);
    } catch (error) {
      if (codeOf(error) !== "ENOENT") throw error;
      return undefined;
    }
  }
}

/**
 * False if a name may still change in the same step of the clock. A link's own time says nothing about the
 * directory.
 */
function isSettled({ type, modifiedAtMs }: FileStatus): boolean {
  return type === "directory" && Math.abs(Date.now() - modifiedAtMs) > SETTLED_MS;
}
