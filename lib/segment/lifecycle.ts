/**
 * How a segment is entered, and how it goes.
 *
 * Everyone attached has a share of the file, which the kernel drops with its process. Whoever comes
 * takes a share first, and then counts in the door word. Whoever leaves reads the word, looks
 * whether others have shares, and if nobody has shuts the door with one compare-and-swap, which
 * fails if somebody came meanwhile. Shares exclude nobody: one that is stopped anywhere in this
 * holds up no other, and whoever finds a door shut takes the file away for it.
 *
 * A segment is removed by a rename to its tombstone, a name that no other file can have. The rename
 * succeeds at most once, so that a process that was stopped before it removes no younger segment of
 * the same name. The tombstone stays as long as a process has a share of the file. A file system
 * that cannot rename without replacing uses the file's lock instead: there, a process that is stopped
 * while it holds the lock delays others that open the channel, until they fail with an error.
 *
 * @module
 */

import { codeOf, hiddenName, removeIfExists, TOMBSTONE_PREFIX } from "../platform/directory.ts";
import { platform } from "../platform/mod.ts";
import {
  ATTACH_GATE_CLOSED,
  HEADER_ATTACH_GATE,
  MAGIC_HIGH,
  MAGIC_LOW,
} from "../../wasm/layout.ts";

/** A segment's header as words; other files have no door. */
export type HeaderWords = Uint32Array<ArrayBufferLike>;

const ATTACH_GATE = HEADER_ATTACH_GATE >>> 2;

function hasAttachGate(header: HeaderWords): boolean {
  return header[0] === MAGIC_LOW && header[1] === MAGIC_HIGH;
}

/** True if nobody may enter any more. */
export function isClosed(header: HeaderWords): boolean {
  return hasAttachGate(header) && Atomics.load(header, ATTACH_GATE) === ATTACH_GATE_CLOSED;
}

/** Counts us in, who have a share of the file; false if the door is shut. */
export function attach(header: HeaderWords): boolean {
  if (!hasAttachGate(header)) return true;
  while (true) {
    const gate = Atomics.load(header, ATTACH_GATE);
    if (gate === ATTACH_GATE_CLOSED) return false;
    const next = gate + 1 === ATTACH_GATE_CLOSED ? gate + 2 : gate + 1;
    if (Atomics.compareExchange(header, ATTACH_GATE, gate, next) === gate) return true;
  }
}

/**
 * Shuts the door if nobody but us has a share of the file, and `isDisposable`; true if it is shut. We
 * have a share then.
 */
export function tryClose(
  fd: number,
  header: () => HeaderWords,
  isDisposable: () => boolean,
): boolean {
  const os = platform();
  while (true) {
    // Of several that leave at once the last to look must find none of the others.
    os.unshare(fd);
    const gate = Atomics.load(header(), ATTACH_GATE);
    if (gate !== ATTACH_GATE_CLOSED && os.isSharedByOthers(fd)) return false;
    os.share(fd);
    if (gate === ATTACH_GATE_CLOSED) return true;
    if (!isDisposable()) return false;
    if (Atomics.compareExchange(header(), ATTACH_GATE, gate, ATTACH_GATE_CLOSED) === gate) {
      return true;
    }
  }
}

/** Removes a closed segment, of which we have a share; we give the share up. */
export function unlink(path: string, fd: number): void {
  if (isNameOf(path, fd)) removeName(path, fd);
  releaseTombstone(path, fd);
}

function removeName(path: string, fd: number): void {
  try {
    platform().renameNew(path, tombstoneOf(path, fd));
  } catch (error) {
    const code = codeOf(error);
    if (NO_RENAME_NEW.has(code)) removeNameUnderLock(path, fd);
    else if (code !== "EEXIST" && code !== "ENOENT") throw error;
  }
}

/** Errors of a file system that cannot rename without replacing. */
const NO_RENAME_NEW: ReadonlySet<string> = new Set(["EINVAL", "ENOSYS", "EOPNOTSUPP", "ENOTSUP"]);

/**
 * Removes a segment's name where no rename does it in one step. All that remove it hold the file's
 * lock while they compare the name and remove it, so that in between no younger segment takes the
 * name. While another process holds the lock, this returns: that process removes the name, or dies.
 */
function removeNameUnderLock(path: string, fd: number): void {
  const os = platform();
  if (!os.lock(fd, "exclusive")) return;
  try {
    if (isNameOf(path, fd)) removeIfExists(path);
  } finally {
    os.unlock(fd);
  }
}

function tombstoneOf(path: string, fd: number): string {
  const name = path.lastIndexOf("/") + 1;
  const inode = platform().statusOf(fd).inode.toString(16);
  return path.slice(0, name) + hiddenName(TOMBSTONE_PREFIX, inode, path.slice(name));
}

/** Gives up our share of a file that lost its name; the last one to do so removes the grave. */
export function releaseTombstone(path: string, fd: number): void {
  platform().unshare(fd);
  removeIfUnshared(tombstoneOf(path, fd), fd);
}

/** Removes a grave that was left behind by one who was killed. */
export function removeTombstone(tombstone: string): void {
  const os = platform();
  let fd: number;
  try {
    fd = os.open(tombstone);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return;
    throw error;
  }
  try {
    removeIfUnshared(tombstone, fd);
  } finally {
    os.close(fd);
  }
}

function removeIfUnshared(tombstone: string, fd: number): void {
  if (!platform().isSharedByOthers(fd)) removeIfExists(tombstone);
}

/** True if a path names the open file; a count of names would include what a dead creator left. */
export function isNameOf(path: string, fd: number): boolean {
  const os = platform();
  try {
    return os.status(path).inode === os.statusOf(fd).inode;
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
    return false;
  }
}
