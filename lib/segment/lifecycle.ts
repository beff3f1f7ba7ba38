/**
 * How a segment is entered, and how it goes.
 *
 * Everyone attached has a share of the file, which the kernel drops with its process. Whoever comes
 * takes a share first, and then counts in the door word. Whoever leaves reads the word, looks
 * whether others have shares, and if nobody has shuts the door with one compare-and-swap, which
 * fails if somebody came meanwhile. Shares exclude nobody: one that is stopped anywhere in this
 * holds up no other, and whoever finds a door shut takes the file away for it.
 *
 * A file is taken away by a rename to its grave, a name that no other file can have. It succeeds
 * once at most, so that one who was stopped before it takes away no younger segment of the same name.
 * The grave stays as long as somebody has a share of what lies in it.
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

/** Takes away a segment whose door is shut, and of which we have a share; we give it up. */
export function unlink(path: string, fd: number): void {
  if (isNameOf(path, fd)) renameToTombstone(path, tombstoneOf(path, fd));
  releaseTombstone(path, fd);
}

function renameToTombstone(path: string, tombstone: string): void {
  const os = platform();
  try {
    os.renameNew(path, tombstone);
  } catch (error) {
    const code = codeOf(error);
    // Some file systems have no such rename: there, one who stood still here deletes a younger one.
    if (code === "EINVAL") removeIfExists(path);
    else if (code !== "EEXIST" && code !== "ENOENT") throw error;
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
