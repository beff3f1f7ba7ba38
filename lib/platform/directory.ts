/**
 * The directory that holds a user's segments, and the names of the files in it.
 *
 * @module
 */

import { directoryPath } from "../base/option_checks.ts";
import { ShmConnectionError, ShmPermissionError } from "../base/errors.ts";
import { platform } from "./mod.ts";
import type { FileStatus } from "./platform.ts";
import { SystemError } from "./system_error.ts";

/** The FIFO of an isolate; no channel's name starts with a dot. */
export const ISOLATE_PREFIX = ".agent-";
/** A file that is not complete; it gets its name when it is. */
export const TEMPORARY_PREFIX = ".new-";
/** The tombstone of a deleted segment, which stays while a process has a share of it. */
export const TOMBSTONE_PREFIX = ".gone-";
/** A generation of a journal, whose root is a file without a prefix. */
export const JOURNAL_PREFIX = ".journal-";

/** Permission bits with which other users can write. */
const OTHERS_WRITE = 0o022;

/** Characters of a name that are kept in a hidden name: a file name has at most 255 bytes. */
const MAX_SUFFIX_CHARACTERS = 200;

const DIRECTORY_VARIABLE = "RINGBUS_DIR";

const checked = new Set<string>();
const absolutePaths = new Map<string, string>();

/**
 * The directory to use: the option, else `RINGBUS_DIR`, else one directory for each user. Creates it if
 * it does not exist.
 *
 * @throws {ShmPermissionError} if it belongs to another user, or other users can write to it
 * @throws {ShmConnectionError} if it cannot be created
 */
export function segmentDirectory(dir: string | undefined): string {
  if (dir !== undefined) directoryPath("dir", dir);
  const path = dir === undefined ? defaultDirectory() : absolutePath(dir);
  if (!checked.has(path) || !isReachable(path)) {
    checkDirectory(path, makeAndStat(path));
    checked.add(path);
  }
  return path;
}

/** The default directory of segments, if it does not exist; `segmentDirectory` would create it. */
export function missingDirectory(): string | undefined {
  const path = defaultDirectory();
  return exists(path) ? undefined : path;
}

/**
 * A relative `RINGBUS_DIR` is made absolute at its first use, for workers and children as well, which may
 * start after `Deno.chdir`.
 */
function defaultDirectory(): string {
  const os = platform();
  const given = os.environment(DIRECTORY_VARIABLE);
  if (!given) return os.defaultDirectory();
  const path = absolutePath(given);
  if (path !== given) os.setEnvironment(DIRECTORY_VARIABLE, path);
  return path;
}

/** A relative path names one directory for as long as the program runs, in spite of `Deno.chdir`. */
function absolutePath(path: string): string {
  if (path.startsWith("/")) return path;
  let absolute = absolutePaths.get(path);
  if (absolute === undefined) {
    absolute = `${workingDirectoryFor(path)}/${path}`;
    absolutePaths.set(path, absolute);
  }
  return absolute;
}

/** The working directory may have been removed. */
function workingDirectoryFor(path: string): string {
  try {
    return platform().workingDirectory();
  } catch (error) {
    throw creationError(path, error);
  }
}

function isReachable(path: string): boolean {
  try {
    platform().status(path);
    return true;
  } catch {
    return false;
  }
}

function makeAndStat(path: string): FileStatus {
  const os = platform();
  try {
    os.makeDirectory(path);
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw creationError(path, error);
  }
  return os.status(path.replace(/(?<=.)\/+$/, ""));
}

function creationError(path: string, cause: unknown): ShmConnectionError {
  return new ShmConnectionError(
    `cannot create the segment directory ${path}: ${codeOf(cause)}; name a directory that can ` +
      `be written with the dir option or RINGBUS_DIR`,
    { cause },
  );
}

function checkDirectory(path: string, status: FileStatus): void {
  const reject = (problem: string, remedy: string) => {
    throw new ShmPermissionError(`cannot use ${path} for segments: ${problem}; ${remedy}`);
  };
  if (status.type === "link") reject("it is a symbolic link", "name the directory itself");
  if (status.type !== "directory") reject("it is no directory", "name a directory");
  if (status.uid !== platform().uid) {
    reject(`it belongs to user ${status.uid}, not to ${platform().uid}`, "use one of your own");
  }
  if ((status.mode & OTHERS_WRITE) !== 0) {
    reject(
      `others may write to it (mode ${status.mode.toString(8)})`,
      "name a directory of your own with mode 700, such as one inside it",
    );
  }
}

/** A hidden name that the prefix and `id` make unique, and that ends with a given name. */
export function hiddenName(prefix: string, id: string, name: string): string {
  return `${prefix}${id}-${name.slice(-MAX_SUFFIX_CHARACTERS)}`;
}

/** True if a segment of a name may have been made under a hidden name. */
export function isTemporaryNameOf(hidden: string, name: string): boolean {
  return hidden.startsWith(TEMPORARY_PREFIX) &&
    hidden.endsWith(`-${name.slice(-MAX_SUFFIX_CHARACTERS)}`);
}

/** The code of a failed system call, or the error's text. */
export function codeOf(error: unknown): string {
  return error instanceof SystemError ? error.errno : String(error);
}

/** True if a path names something. */
export function exists(path: string): boolean {
  try {
    platform().status(path);
    return true;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return false;
    throw error;
  }
}

/** Deletes a file, unless another process has deleted it. */
export function removeIfExists(path: string): void {
  try {
    platform().unlink(path);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
  }
}

/** True if a path names the open file. Its link count would include a name that a dead creator left. */
export function isNameOf(path: string, fd: number): boolean {
  const os = platform();
  try {
    return os.status(path).inode === os.statusOf(fd).inode;
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
    return false;
  }
}

/**
 * The names of the files in a directory of segments.
 *
 * @throws {ShmConnectionError} if it cannot be read, for example because no descriptor is left
 */
export function filesIn(directory: string): string[] {
  try {
    return platform().list(directory);
  } catch (cause) {
    throw new ShmConnectionError(
      `cannot list the segment directory ${directory}: ${
        codeOf(cause)
      }; close files and sockets if ` +
        `no descriptor is left, and create it again if it was removed`,
      { cause },
    );
  }
}

/** The files of a directory that may be channels, by name. */
export function channelNames(directory: string): string[] {
  return filesIn(directory).filter((name) => !name.startsWith(".")).sort();
}
