/**
 * Starting a server in this thread, in a worker or in a process.
 *
 * @module
 */

import { checkServerMode, type RunningServer, type ServerKind, type ServerMode } from "./mode.ts";
import { startProcess } from "./process.ts";
import { startWorker } from "./worker.ts";

/**
 * Starts a server where `mode` says. Options for a worker or a process must be plain data.
 *
 * @throws {Deno.errors.AddrInUse} if somebody listens on its port
 */
export async function startServer<Options>(
  kind: ServerKind<Options>,
  options: Options,
  mode: ServerMode,
): Promise<RunningServer> {
  checkServerMode(mode);
  if (mode === "worker") return await startWorker(kind, options);
  if (mode === "process") return await startProcess(kind, options);
  const server = kind.make(options);
  const address = await server.start();
  return { address, stop: () => server.stop() };
}

/** A server to use, started here or by somebody else. */
export interface ServerHandle extends RunningServer {
  /** True if somebody else had started it: `stop()` leaves it running. */
  readonly isAttached: boolean;
}

/** Milliseconds for a server that has its port to answer. */
const RESPONSE_TIMEOUT_MS = 2000;
const POLL_INTERVAL_MS = 50;

/**
 * Starts a server, or attaches to the one that has its port already: of two who start at once, one wins
 * and the other attaches.
 *
 * @param isResponding tells whether a server of this kind answers there; it is asked again for some seconds
 * @throws {Deno.errors.AddrInUse} if something else listens on the port
 */
export async function startOrAttach(
  address: string,
  start: () => Promise<RunningServer>,
  isResponding: () => Promise<boolean>,
): Promise<ServerHandle> {
  try {
    const server = await start();
    return { address: server.address, isAttached: false, stop: () => server.stop() };
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    const deadlineMs = performance.now() + RESPONSE_TIMEOUT_MS;
    while (!(await isResponding())) {
      if (performance.now() > deadlineMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL_MS));
    }
    return { address, isAttached: true, stop: () => Promise.resolve() };
  }
}
