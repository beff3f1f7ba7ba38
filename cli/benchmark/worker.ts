/**
 * The program as a worker of itself: it has no other file that a worker could be made of.
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
 * Does what a worker of this name is for.
 *
 * @throws {Error} if there is none
 */
export async function runWorker(): Promise<void> {
  if (scope.name !== BENCH_WORKER) throw new Error(`there is no worker ${scope.name}`);
  const { servePeerWorker } = await import("./peers/peer_worker.ts");
  servePeerWorker();
}
