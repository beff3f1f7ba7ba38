/**
 * The program as a worker of itself: a compiled program has no other file for a worker.
 *
 * @module
 */

import { BENCH_WORKER } from "./worker_name.ts";

const scope = globalThis as { DedicatedWorkerGlobalScope?: unknown; name?: string };

/** True if this program was started as a worker. */
export function isWorker(): boolean {
  return scope.DedicatedWorkerGlobalScope !== undefined;
}

/**
 * Runs the worker by its name.
 *
 * @throws {Error} if there is no worker of this name
 */
export async function runWorker(): Promise<void> {
  if (scope.name !== BENCH_WORKER) throw new Error(`there is no worker ${scope.name}`);
  const { servePeerWorker } = await import("./peers/peer_worker.ts");
  servePeerWorker();
}
