/**
 * Ids of isolates: 64 bits that include the isolate's thread. A terminated worker leaves its lock to
 * its process, so other processes check whether its thread still runs, if they can see that thread.
 *
 * ```text
 *   63            44 43             22 21      8 7      0
 *   | pid namespace | thread number   | inode   | check  |     the upper two parts are 0 if unknown
 * ```
 *
 * The first part is a hash of the namespace of process ids: processes of different namespaces, as in two
 * containers, never check each other's threads. If another thread has taken over the number, a dead
 * isolate seems alive until its process ends; a live one never seems dead.
 *
 * @module
 */

import { fibonacciHash } from "../base/hash.ts";
import { platform } from "../platform/mod.ts";
import type { ThreadId } from "../platform/platform.ts";

const INODE_BITS = 14n;
const CHECKSUM_BITS = 8n;
const NUMBER_BITS = 22n;
const NAMESPACE_BITS = 20n;
const NUMBER_MASK = (1n << NUMBER_BITS) - 1n;

let cachedBits: bigint | undefined;

/** The upper bits of this thread's ids. */
function ownBits(): bigint {
  return cachedBits ??= threadBits(platform().thisThread());
}

function threadBits(thread: ThreadId | undefined): bigint {
  if (thread === undefined || BigInt(thread.number) > NUMBER_MASK) return 0n;
  return (fibonacciHash(thread.pidNamespace, NAMESPACE_BITS) << NUMBER_BITS) |
    BigInt(thread.number);
}

/** A new id for this thread's isolate, never 0, from the inode of its FIFO. */
export function newIsolateId(inode: bigint): bigint {
  const body = (ownBits() << INODE_BITS) | fibonacciHash(inode, INODE_BITS);
  return BigInt.asIntN(64, (body << CHECKSUM_BITS) | checksumOf(body));
}

/** False for a number that is no isolate's id, so that a damaged id is not taken for a dead isolate's. */
export function isIsolateId(id: bigint): boolean {
  const bits = BigInt.asUintN(64, id);
  return BigInt.asUintN(Number(CHECKSUM_BITS), bits) === checksumOf(bits >> CHECKSUM_BITS);
}

function checksumOf(body: bigint): bigint {
  return fibonacciHash(body, CHECKSUM_BITS);
}

/** False for a FIFO that is not the one from which an id was made, as far as the id shows it. */
export function isMadeFrom(id: bigint, inode: bigint): boolean {
  if (threadNumberOf(id) === undefined) return true;
  const body = BigInt.asUintN(64, id) >> CHECKSUM_BITS;
  return BigInt.asUintN(Number(INODE_BITS), body) === fibonacciHash(inode, INODE_BITS);
}

/** The number of an isolate's thread, if this process can see that thread. */
function visibleThread(id: bigint): number | undefined {
  const bits = BigInt.asUintN(64, id) >> (INODE_BITS + CHECKSUM_BITS);
  if (ownBits() === 0n || bits >> NUMBER_BITS !== ownBits() >> NUMBER_BITS) return undefined;
  return Number(bits & NUMBER_MASK);
}

/** The number of an isolate's thread in its own pid namespace, if the id has it. */
export function threadNumberOf(id: bigint): number | undefined {
  const bits = BigInt.asUintN(64, id) >> (INODE_BITS + CHECKSUM_BITS);
  return bits === 0n ? undefined : Number(bits & NUMBER_MASK);
}

/** The number of an isolate's thread, if this process can see that thread while it runs. */
export function watchableThread(id: bigint): number | undefined {
  return visibleThread(id);
}

/** True if this process could see an isolate's thread, and the thread has ended. */
export function hasThreadEnded(id: bigint): boolean {
  const thread = visibleThread(id);
  return thread !== undefined && !platform().isThreadAlive(thread);
}

/**
 * True if the process of an isolate's thread has a file of a name open; undefined if it cannot be seen.
 * A process that was given the number of a dead one does not have it.
 */
export function hasFileOpen(id: bigint, name: string): boolean | undefined {
  const thread = visibleThread(id);
  return thread === undefined ? undefined : platform().hasFileOpen(thread, name);
}

/** True for the id of an isolate of this process. */
export function isOfThisProcess(id: bigint): boolean {
  const thread = visibleThread(id);
  return thread !== undefined && platform().isOwnThread(thread);
}
