/**
 * Keeps the memory of a server's process near the limit of its store.
 *
 * The store counts what lives. The engine also keeps what is dead until it collects garbage, and waits with
 * that until the heap is several times as large as what lives. So a server with `maxBytes` asks for a
 * collection when the heap is larger than the limit warrants.
 *
 * @module
 */

import v8 from "node:v8";
import vm from "node:vm";
import { logger } from "../../lib/base/log.ts";

const MIB = 2 ** 20;
/** How often the heap is measured. */
const INTERVAL_MS = 25;
/** Least bytes of garbage that are worth a collection. */
const MIN_GARBAGE_BYTES = 8 * MIB;
/** Garbage may be this part of the limit: a collection takes longer in a larger heap. */
const GARBAGE_SHARE = 1 / 8;
/** Collections take at most one part in so many of the time, unless garbage arises very fast. */
const MAX_SHARE = 4;

/** What a server needs to know of its store. */
export interface GuardedStore {
  /** Limit of the bytes in it; `Infinity`: none. */
  readonly maxBytes: number;
  /** Bytes in use. */
  readonly usedBytes: number;
  /** What is on its way, with the garbage of it that the engine does not report. */
  readonly transit: { hiddenGarbageBytes: number };
}

type Collect = () => void;

/** What the running servers do now and then. */
const checks = new Set<() => void>();

/** Looks at the heap now: a server that makes garbage in a long turn of the event loop calls this meanwhile. */
export function checkHeap(): void {
  for (const check of checks) check();
}

let collector: Collect | null | undefined;

/**
 * A function that collects garbage; null if the engine gives none.
 *
 * The engine has one only for contexts that are made while a flag is set. So the flag is set for the moment in
 * which one context is made, once in a process: no global of the program changes, and no context that it makes
 * later has the function. Another thread that makes a context in this moment does have it, which lets it
 * collect its own garbage and nothing else.
 */
function findCollector(): Collect | null {
  try {
    v8.setFlagsFromString("--expose-gc");
    return vm.runInNewContext("gc") as Collect;
  } catch (error) {
    logger.debug("cannot collect garbage on demand: {error}", { error });
    return null;
  } finally {
    v8.setFlagsFromString("--no-expose-gc");
  }
}

function heapBytes(): number {
  const { total_heap_size, external_memory } = v8.getHeapStatistics() as {
    total_heap_size: number;
    external_memory: number;
  };
  return total_heap_size + external_memory;
}

/**
 * Watches the heap while a server with a limit runs; returns a function that ends that. Without a limit
 * nothing is watched.
 */
export function guardMemory(store: GuardedStore): () => void {
  if (store.maxBytes === Infinity) return () => {};
  const collect = collector ??= findCollector();
  if (collect === null) return () => {};
  const bareBytes = heapBytes() - store.usedBytes;
  // The rest of the program lives in the same heap, and may need more than when the server started.
  let liveBytes = 0;
  let nextMs = 0;
  const check = () => {
    const startMs = performance.now();
    const garbageBytes = Math.max(MIN_GARBAGE_BYTES, store.maxBytes * GARBAGE_SHARE);
    const limit = Math.max(bareBytes + store.usedBytes, liveBytes) + garbageBytes;
    const bytes = heapBytes() + store.transit.hiddenGarbageBytes;
    if (bytes <= limit || startMs < nextMs && bytes <= limit + garbageBytes) return;
    collect();
    store.transit.hiddenGarbageBytes = 0;
    liveBytes = heapBytes();
    const endMs = performance.now();
    nextMs = endMs + (MAX_SHARE - 1) * (endMs - startMs);
  };
  checks.add(check);
  const timer = setInterval(check, INTERVAL_MS);
  Deno.unrefTimer(timer);
  return () => {
    checks.delete(check);
    clearInterval(timer);
  };
}
