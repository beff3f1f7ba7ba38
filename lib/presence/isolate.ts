/**
 * An isolate, the main program or a worker, as other isolates see it: a FIFO in the segment directory.
 * The FIFO is its doorbell: one read in the event loop serves all channels. The lock on the FIFO shows
 * that the isolate is alive: the kernel drops it when the process ends, in whatever way, and the reuse
 * of process ids does not matter.
 *
 * A FIFO that is missing, or that is a copy without the lock, shows nothing: a program may have removed,
 * moved or copied the directory. Then the descriptors of the isolate's process decide, if they can be
 * seen. Every isolate makes its FIFO again when it finds that the name is no longer its own.
 *
 * @module
 */

import { pluralize } from "../base/pluralize.ts";
import { countFailures } from "../base/failure_counts.ts";
import { logger } from "../base/log.ts";
import { startIdleInterval } from "../base/timer.ts";
import {
  codeOf,
  exists,
  isNameOf,
  ISOLATE_PREFIX,
  TEMPORARY_PREFIX,
} from "../platform/directory.ts";
import {
  hasFileOpen,
  hasThreadEnded,
  isIsolateId,
  isMadeFrom,
  isOfThisProcess,
  newIsolateId,
} from "./isolate_id.ts";
import { type DoorbellReader, openDoorbell } from "./doorbell.ts";
import type { Bell, Waiter } from "../base/shared_memory.ts";
import { Waiters } from "./waiters.ts";
import { DirectoryChanges } from "../platform/directory_changes.ts";
import { platform } from "../platform/mod.ts";
import { SystemError } from "../platform/system_error.ts";

const isolates = new Map<string, Isolate>();

/** Milliseconds between two checks of what an isolate has in a directory. */
const CHECK_INTERVAL_MS = 400;

/** Checks between two searches for workers that have ended. */
const CHECKS_PER_RECLAIM = 5;

let checkedAtMs = 0;

/** Does the checks that are due: while a program blocks or polls, no timer runs. */
export function checkIfDue(): void {
  const nowMs = performance.now();
  if (nowMs - checkedAtMs < CHECK_INTERVAL_MS) return;
  checkedAtMs = nowMs;
  for (const isolate of isolates.values()) isolate.check();
}

/**
 * Closes what workers of this process left open that were terminated: no code of theirs still runs, and
 * the kernel closes nothing before the process ends.
 */
export function reclaimEndedWorkers(): void {
  try {
    const descriptors = platform().closeOfEndedThreads();
    if (descriptors > 0) {
      logger.info("closed {what} of ended workers", {
        what: pluralize(descriptors, "descriptor"),
        descriptors,
      });
    }
  } catch (error) {
    logger.debug("cannot close the descriptors of ended workers: {error}", { error });
  }
}

/** As `reclaimEndedWorkers`, if an isolate in the directory has ended without being closed. */
export function reclaimIfWorkerEnded(directory: string): void {
  const ended = namesIn(directory).map(endedIsolate).filter((id) => id !== undefined);
  if (ended.length === 0) return;
  reclaimEndedWorkers();
  for (const id of ended) removeDeadIsolate(directory, id);
}

function endedIsolate(name: string): bigint | undefined {
  const id = name.startsWith(ISOLATE_PREFIX) ? isolateIdOf(name) : undefined;
  return id !== undefined && isIsolateId(id) && hasThreadEnded(id) ? id : undefined;
}

/** Path of an isolate's FIFO. */
export function isolatePath(directory: string, id: bigint): string {
  return `${directory}/${ISOLATE_PREFIX}${BigInt.asUintN(64, id).toString(16).padStart(16, "0")}`;
}

/** The id of the isolate whose FIFO has a name; undefined if it is no such name. */
export function isolateIdOf(name: string): bigint | undefined {
  const digits = name.slice(ISOLATE_PREFIX.length);
  return /^[0-9a-f]{16}$/.test(digits) ? BigInt.asIntN(64, BigInt(`0x${digits}`)) : undefined;
}

/** This isolate in a directory; every caller releases it once. */
export function acquireIsolate(directory: string): Isolate {
  let isolate = isolates.get(directory);
  if (!isolate) {
    isolate = new Isolate(directory);
    isolates.set(directory, isolate);
  }
  isolate.refCount++;
  return isolate;
}

/** Directories in which this isolate has a FIFO. */
export function isolateDirectories(): string[] {
  return [...isolates.keys()];
}

/** True while an isolate of this process has a FIFO in one of the directories. */
export function hasRemainingIsolate(directories: string[]): boolean {
  return directories.some((directory) =>
    namesIn(directory).some((name) => {
      const id = name.startsWith(ISOLATE_PREFIX) ? isolateIdOf(name) : undefined;
      return id !== undefined && isOfThisProcess(id);
    })
  );
}

function namesIn(directory: string): string[] {
  try {
    return platform().list(directory);
  } catch {
    // The directory was removed.
    return [];
  }
}

/** Releases an acquired isolate; the last release removes its FIFO. */
export function releaseIsolate(isolate: Isolate): void {
  if (--isolate.refCount > 0) return;
  isolates.delete(isolate.directory);
  isolate.close();
}

/** One isolate in one directory. */
export class Isolate implements Bell {
  /** A doorbell rings for all sockets of its isolate. */
  readonly number = 0;
  readonly directory: string;
  readonly id: bigint;
  /** Sockets that use it. */
  refCount = 0;
  readonly #path: string;
  #fifo: number;
  readonly #peerDoorbells = new Map<bigint, number>();
  /** Isolates whose doorbells could not be rung. */
  readonly #unrung = new Set<bigint>();
  readonly #waiters = new Waiters();
  #doorbell: DoorbellReader | undefined;
  readonly #checks = new Set<() => void>();
  readonly #changes: DirectoryChanges;
  #checkCount = 0;
  readonly #stopChecking: () => void;

  constructor(directory: string) {
    this.directory = directory;
    this.#changes = new DirectoryChanges(directory);
    const { id, fifo } = claimId(directory);
    this.id = id;
    this.#path = isolatePath(directory, id);
    this.#fifo = fifo;
    reclaimEndedWorkers();
    this.#stopChecking = startIdleInterval(CHECK_INTERVAL_MS, () => this.check());
  }

  /** Adds what is to be checked at intervals, beside the FIFO. */
  addCheck(check: () => void): void {
    this.#checks.add(check);
  }

  removeCheck(check: () => void): void {
    this.#checks.delete(check);
  }

  /** Checks whether what this isolate has in the directory is still there. */
  check(): void {
    try {
      this.#ringUnrung();
      this.#closeDeadDoorbells();
      if (++this.#checkCount % CHECKS_PER_RECLAIM === 0) reclaimIfWorkerEnded(this.directory);
      this.#changes.look(() => this.#checkNames());
    } catch (error) {
      // For example, no descriptor is left: the next check tries again.
      logger.debug("cannot check {directory}: {error}", { directory: this.directory, error });
    }
  }

  #checkNames(): void {
    this.#restoreFifo();
    for (const check of this.#checks) check();
  }

  /** The FIFO's descriptor, for platforms whose synchronous sleep polls it. */
  get fifo(): number {
    return this.#fifo;
  }

  /** One waits for the FIFO. */
  rings(): number {
    return 0;
  }

  sleep(): void {}

  /** Waits in the event loop look when it goes on: what rang may have been for them. */
  silence(): boolean {
    const hasRung = platform().readRings(this.#fifo);
    if (hasRung && !this.#waiters.isEmpty) queueMicrotask(() => this.#waiters.poll(false));
    return hasRung;
  }

  /** False if an isolate's process or worker has ended. */
  isAlive(id: bigint): boolean {
    return id === this.id || isIsolateAlive(this.directory, id);
  }

  /**
   * Rings the doorbell of another isolate. Callers have done what they ring for, so that a failure, such
   * as that no descriptor is left, is logged and not thrown. It is tried again with the next check.
   */
  ringDoorbell(id: bigint): void {
    try {
      this.#openAndRing(id);
    } catch (error) {
      countFailures("wake");
      if (this.#unrung.size === 0) {
        logger.warn("cannot wake another isolate in {directory}, and tries again: {error}", {
          directory: this.directory,
          error,
        });
      }
      this.#unrung.add(id);
    }
  }

  #ringUnrung(): void {
    const ids = [...this.#unrung];
    if (ids.length === 0) return;
    for (const id of ids) {
      this.#openAndRing(id);
      this.#unrung.delete(id);
    }
    logger.info("woke {count} isolates in {directory} late", {
      count: ids.length,
      directory: this.directory,
    });
  }

  #openAndRing(id: bigint): void {
    const known = this.#peerDoorbells.get(id);
    if (known !== undefined && this.#ring(id, known)) return;
    this.#closeDeadDoorbells();
    const fd = openPeerDoorbell(isolatePath(this.directory, id));
    if (fd < 0) return;
    this.#peerDoorbells.set(id, fd);
    this.#ring(id, fd);
  }

  /** False, and the doorbell is closed, if no isolate reads it: its isolate has ended, or made another. */
  #ring(id: bigint, fd: number): boolean {
    if (platform().ring(fd)) return true;
    platform().close(fd);
    this.#peerDoorbells.delete(id);
    return false;
  }

  /** Closes the doorbells whose FIFOs were removed: otherwise they would stay open for ever. */
  #closeDeadDoorbells(): void {
    for (const [id, fd] of this.#peerDoorbells) {
      if (platform().statusOf(fd).links > 0) continue;
      platform().close(fd);
      this.#peerDoorbells.delete(id);
    }
  }

  /** Registers a socket that waits in the event loop. */
  addWaiter(waiter: Waiter): void {
    this.#waiters.add(waiter);
    this.#openDoorbell();
  }

  /** Unregisters it. Without a waiter the event loop may end. */
  removeWaiter(waiter: Waiter): void {
    this.#waiters.remove(waiter);
  }

  /** Makes the FIFO again if its name was removed, or names another file. */
  #restoreFifo(): void {
    if (isNameOf(this.#path, this.#fifo) || !exists(this.directory)) return;
    const fifo = makeFifoAgain(this.#path);
    if (fifo === undefined) return;
    const isWaiting = this.#doorbell !== undefined;
    this.#closeFifo();
    this.#fifo = fifo;
    if (isWaiting) this.#openDoorbell();
    // What rang the old doorbell meanwhile is not lost.
    this.#waiters.poll(false);
    logger.warn("the doorbell of this process in {directory} was removed, and is there again", {
      directory: this.directory,
    });
  }

  #openDoorbell(): void {
    this.#doorbell ??= openDoorbell(this.#fifo, () => this.#waiters.poll(false));
  }

  #closeFifo(): void {
    if (this.#doorbell) this.#doorbell.close();
    else platform().close(this.#fifo);
    this.#doorbell = undefined;
  }

  /** Closes all descriptors and removes the FIFO. */
  close(): void {
    this.#stopChecking();
    this.#waiters.close();
    unlinkIfExists(this.#path);
    for (const fd of this.#peerDoorbells.values()) platform().close(fd);
    this.#peerDoorbells.clear();
    this.#closeFifo();
  }
}

/** False if an isolate's process or worker has ended; true if that cannot be determined. */
export function isIsolateAlive(directory: string, id: bigint): boolean {
  return probe(directory, id) ?? true;
}

/** Whether an isolate is alive; undefined if that cannot be determined. */
export function probeIsolate(directory: string, id: bigint): boolean | undefined {
  return isIsolateId(id) ? probe(directory, id) : undefined;
}

function probe(directory: string, id: bigint): boolean | undefined {
  if (hasThreadEnded(id)) return false;
  const path = isolatePath(directory, id);
  const isLocked = isFifoLocked(path, id);
  return isLocked ? true : hasFileOpen(id, path.slice(directory.length + 1)) ?? isLocked;
}

/** Removes the FIFO of an isolate that has ended; that of a live one stays. */
export function removeDeadIsolate(directory: string, id: bigint): void {
  const path = isolatePath(directory, id);
  // A terminated worker leaves its lock to its process.
  if (hasThreadEnded(id)) unlinkIfExists(path);
  else if (!isIsolateAlive(directory, id)) removeUnlockedFifo(path);
}

/** True if a directory has FIFOs of isolates: a copied segment lies in a directory without them. */
export function hasIsolates(directory: string): boolean {
  return namesIn(directory).some((name) => name.startsWith(ISOLATE_PREFIX));
}

function unlinkIfExists(path: string): void {
  try {
    platform().unlink(path);
  } catch {
    // Another process has removed it.
  }
}

/** Takes an id that no other isolate in the directory has: the part for the FIFO is short, and may collide. */
function claimId(directory: string): { id: bigint; fifo: number } {
  while (true) {
    const temporaryPath = `${directory}/${TEMPORARY_PREFIX}${crypto.randomUUID()}`;
    const fifo = makeLockedFifo(temporaryPath, NEW_MODE);
    if (fifo === undefined) continue;
    const id = newIsolateId(platform().statusOf(fifo).inode);
    if (giveFreeName(fifo, temporaryPath, isolatePath(directory, id))) return { id, fifo };
  }
}

/** Permission bits of the FIFO from whose inode an id was made, and of one that takes its place. */
const NEW_MODE = 0o600;
const RESTORED_MODE = 0o700;

/**
 * Makes another FIFO for an isolate, in one step in the place of what has its name: others never find
 * the name missing. Undefined if that has to be tried again.
 */
function makeFifoAgain(path: string): number | undefined {
  const temporaryPath = path.replace(ISOLATE_PREFIX, TEMPORARY_PREFIX);
  const fifo = makeLockedFifo(temporaryPath, RESTORED_MODE);
  if (fifo === undefined || tryRename(temporaryPath, path)) return fifo;
  platform().close(fifo);
  return undefined;
}

/**
 * Makes a FIFO under a temporary name. It gets its own name when it is locked, so that no process takes a
 * new isolate for a dead one. Undefined if the name is taken.
 */
function makeLockedFifo(temporaryPath: string, mode: number): number | undefined {
  const fd = makeNewFifo(temporaryPath, mode);
  if (fd === undefined) return undefined;
  platform().lock(fd, "exclusive");
  platform().share(fd);
  return fd;
}

/** False, and the FIFO is closed, if the name is taken. */
function giveFreeName(fd: number, temporaryPath: string, path: string): boolean {
  // The name is gone if this process was stopped for long, and the FIFO was taken for that of a dead one.
  if (!exists(path) && tryRename(temporaryPath, path)) return true;
  unlinkIfExists(temporaryPath);
  platform().close(fd);
  return false;
}

/** Undefined if the name is taken. */
function makeNewFifo(path: string, mode: number): number | undefined {
  try {
    return platform().makeFifo(path, mode);
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
    return undefined;
  }
}

/** False if the name no longer exists. */
function tryRename(from: string, to: string): boolean {
  try {
    platform().rename(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
    return false;
  }
}

/** A descriptor that is not marked is not reclaimed after `terminate()`, which is no error here. */
function markAsOwn(fd: number): void {
  try {
    platform().markWriter(fd);
  } catch (error) {
    logger.debug("cannot mark a descriptor: {error}", { error });
  }
}

function openPeerDoorbell(path: string): number {
  try {
    const fd = platform().openFifoToRing(path);
    markAsOwn(fd);
    return fd;
  } catch (error) {
    if (error instanceof SystemError && (error.errno === "ENOENT" || error.errno === "ENXIO")) {
      return -1;
    }
    throw error;
  }
}

/**
 * Whether a process holds the lock on an isolate's FIFO; undefined if it is missing, or a copy, or cannot
 * be opened, for example because no descriptor is left. The lock is tried for an instant, in a mode that
 * other probes share.
 */
function isFifoLocked(path: string, id: bigint): boolean | undefined {
  const os = platform();
  let fd: number;
  try {
    fd = os.openReadOnly(path);
  } catch {
    return undefined;
  }
  try {
    if (!os.lock(fd, "shared")) return true;
    const { inode, mode } = os.statusOf(fd);
    return isMadeFrom(id, inode) || mode === RESTORED_MODE ? false : undefined;
  } finally {
    os.close(fd);
  }
}

/** Removes a FIFO unless a process holds its lock, or it cannot be opened. */
export function removeUnlockedFifo(path: string): void {
  const os = platform();
  let fd: number;
  try {
    fd = os.openReadOnly(path);
  } catch {
    return;
  }
  try {
    if (os.lock(fd, "shared")) unlinkIfExists(path);
  } finally {
    os.close(fd);
  }
}
