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
const INTERVAL_MS = 50;
/** Bytes of the heap besides the store: code, and garbage of a moment. */
const SLACK_BYTES = 16 * MIB;
/** The heap may be larger than the limit by this factor, for objects that are counted by estimate. */
const HEAP_FACTOR = 1;
/** Collections take at most one part in so many of the time. */
const MAX_SHARE = 4;
/** What else the program keeps may grow by this factor between two collections. */
const GROWTH_FACTOR = 1.25;

/** Returns a function that collects garbage; undefined if the engine has none. */
function findCollector(): (() => void) | undefined {
  try {
    v8.setFlagsFromString("--expose-gc");
    const collect = vm.runInNewContext("gc") as () => void;
    v8.setFlagsFromString("--no-expose-gc");
    return collect;
  } catch (error) {
    logger.debug("cannot collect garbage on demand: {error}", { error });
    return undefined;
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
 * Watches the heap while a server with a limit runs; returns a function that ends that.
 *
 * @param maxBytes the limit of the server's store; with `Infinity` nothing is watched
 */
export function guardMemory(maxBytes: number): () => void {
  const collect = maxBytes === Infinity ? undefined : findCollector();
  if (collect === undefined) return () => {};
  let limit = heapBytes() + HEAP_FACTOR * maxBytes + SLACK_BYTES;
  let nextMs = 0;
  const timer = setInterval(() => {
    const startMs = performance.now();
    if (startMs < nextMs || heapBytes() <= limit) return;
    collect();
    // The rest of the program lives in the same heap, and may need more than when the server started.
    limit = Math.max(limit, GROWTH_FACTOR * heapBytes());
    const endMs = performance.now();
    nextMs = endMs + (MAX_SHARE - 1) * (endMs - startMs);
  }, INTERVAL_MS);
  Deno.unrefTimer(timer);
  return () => clearInterval(timer);
}
