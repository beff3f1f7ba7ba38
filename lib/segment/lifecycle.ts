/**
 * How sockets attach to a segment, and how it is deleted.
 *
 * Every attached socket has a share of the file, which the kernel drops with the process. A socket that
 * attaches takes a share first, and then increments the attach gate, a word of the header. A socket
 * that leaves reads the gate, checks whether others have shares, and if none has, closes the gate with
 * one compare-and-swap, which fails if another socket attached meanwhile. Shares exclude nothing: a
 * process that is stopped anywhere in these steps delays no other, and a process that finds a closed
 * gate unlinks the file in its place.
 *
 * A segment is removed by a rename to its tombstone, a name that no other file can have. The rename
 * succeeds at most once, so that a process that was stopped before it removes no younger segment of
 * the same name. The tombstone stays as long as a process has a share of the file. A file system
 * that cannot rename without replacing uses the file's lock instead: there, a process that is stopped
 * while it holds the lock delays others that open the channel, until they fail with an error.
 *
 * @module
 */

import {
  codeOf,
  hiddenName,
  isNameOf,
  removeIfExists,
  TOMBSTONE_PREFIX,
} from "../platform/directory.ts";
import { platform } from "../platform/mod.ts";
import {
  ATTACH_GATE_CLOSED,
  HEADER_ATTACH_GATE,
  MAGIC_HIGH,
  MAGIC_LOW,
} from "../../wasm/layout.ts";

/** A segment's header as words; other files have no attach gate. */
export type HeaderWords = Uint32Array<ArrayBufferLike>;

const ATTACH_GATE = HEADER_ATTACH_GATE >>> 2;

function hasAttachGate(header: HeaderWords): boolean {
  return header[0] === MAGIC_LOW && header[1] === MAGIC_HIGH;
}

/** True if the attach gate is closed. */
export function isClosed(header: HeaderWords): boolean {
  return hasAttachGate(header) && Atomics.load(header, ATTACH_GATE) === ATTACH_GATE_CLOSED;
}

/** Increments the attach gate; false if it is closed. The caller has a share of the file. */
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
 * Closes the attach gate if only the caller has a share of the file, and `isDisposable` returns true.
 * Returns true if the gate is closed; the caller then has a share.
 */
export function tryClose(
  fd: number,
  header: () => HeaderWords,
  isDisposable: () => boolean,
): boolean {
  const os = platform();
  while (true) {
    // Of several sockets that leave at once, the last one to check must see none of the others.
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

/**
 * Closes the attach gate, although others may have shares of the file. The caller then has a share.
 */
export function closeForAll(fd: number, header: HeaderWords): void {
  platform().share(fd);
  Atomics.store(header, ATTACH_GATE, ATTACH_GATE_CLOSED);
}

/** Unlinks a segment whose attach gate is closed, and drops the caller's share of it. */
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

/** Drops the caller's share of an unlinked file; the last one to do so removes the tombstone. */
export function releaseTombstone(path: string, fd: number): void {
  platform().unshare(fd);
  removeIfUnshared(tombstoneOf(path, fd), fd);
}

/** Removes a tombstone that a killed process left behind. */
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
