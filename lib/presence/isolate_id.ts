/**
 * Names of agents: 64 bits that also tell the agent's thread. A worker that is terminated leaves its
 * lock to the process it was in, so those who see its thread look whether that still runs.
 *
 * ```text
 *   63            44 43             22 21      8 7      0
 *   | thread space  | thread number   | random  | check  |     the upper two parts are 0 if unknown
 * ```
 *
 * The thread space is a digest of the namespace of process ids: processes that do not share it, as in two
 * containers, never judge each other's threads. A number that another thread has got meanwhile
 * makes a dead agent seem alive until its process ends, never the other way round.
 *
 * @module
 */

import { fibonacciHash } from "../base/hash.ts";
import { platform } from "../platform/mod.ts";
import type { ThreadId } from "../platform/platform.ts";

const RANDOM_BITS = 14n;
const CHECKSUM_BITS = 8n;
const NUMBER_BITS = 22n;
const NAMESPACE_BITS = 20n;
const NUMBER_MASK = (1n << NUMBER_BITS) - 1n;

let cachedBits: bigint | undefined;

/** The upper bits of this thread's names. */
function ownBits(): bigint {
  return cachedBits ??= threadBits(platform().thisThread());
}

function threadBits(thread: ThreadId | undefined): bigint {
  if (thread === undefined || BigInt(thread.number) > NUMBER_MASK) return 0n;
  return (fibonacciHash(thread.pidNamespace, NAMESPACE_BITS) << NUMBER_BITS) |
    BigInt(thread.number);
}

/** A new name for this thread's agent, never 0. */
export function newIsolateId(): bigint {
  const random = BigInt(crypto.getRandomValues(new Uint32Array(1))[0]) >> (32n - RANDOM_BITS);
  const body = (ownBits() << RANDOM_BITS) | random;
  return BigInt.asIntN(64, (body << CHECKSUM_BITS) | checksumOf(body));
}

/** False for what no agent was ever named, so that a damaged name is not taken for a dead agent's. */
export function isIsolateId(id: bigint): boolean {
  const bits = BigInt.asUintN(64, id);
  return BigInt.asUintN(Number(CHECKSUM_BITS), bits) === checksumOf(bits >> CHECKSUM_BITS);
}

function checksumOf(body: bigint): bigint {
  return fibonacciHash(body, CHECKSUM_BITS);
}

/** The number of an agent's thread, if it is one that we could see. */
function visibleThread(id: bigint): number | undefined {
  const bits = BigInt.asUintN(64, id) >> (RANDOM_BITS + CHECKSUM_BITS);
  if (ownBits() === 0n || bits >> NUMBER_BITS !== ownBits() >> NUMBER_BITS) return undefined;
  return Number(bits & NUMBER_MASK);
}

/** The number of an agent's thread among those of its own space, if its name tells. */
export function threadNumberOf(id: bigint): number | undefined {
  const bits = BigInt.asUintN(64, id) >> (RANDOM_BITS + CHECKSUM_BITS);
  return bits === 0n ? undefined : Number(bits & NUMBER_MASK);
}

/** True if an agent's thread is one that we could see, and is gone. */
export function hasThreadEnded(id: bigint): boolean {
  const thread = visibleThread(id);
  return thread !== undefined && !platform().isThreadAlive(thread);
}

/** True if an agent is this isolate's or that of another isolate of this process. */
export function isOfThisProcess(id: bigint): boolean {
  const thread = visibleThread(id);
  return thread !== undefined && platform().isOwnThread(thread);
}
