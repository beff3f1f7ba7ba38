/**
 * Starts a server in this thread, in a worker or in a process.
 *
 * @module
 */

import { sleep } from "../../lib/base/sleep.ts";
import { loopbackHosts } from "./endpoint.ts";
import { checkServerMode, type RunningServer, type ServerKind, type ServerMode } from "./mode.ts";
import { startProcess } from "./process.ts";
import { startWorker } from "./worker.ts";

/**
 * Starts a server in a mode. Options for a worker or a process must be plain data.
 *
 * @throws {Deno.errors.AddrInUse} if another process listens on the port
 */
export async function startServer<Options>(
  kind: ServerKind<Options>,
  options: Options,
  mode: ServerMode,
): Promise<RunningServer> {
  checkServerMode("serverMode", mode);
  if (mode === "worker") return await startWorker(kind, options);
  if (mode === "process") return await startProcess(kind, options);
  const server = kind.make(options);
  const address = await server.start();
  return { address, unref: () => server.unref(), stop: (options) => server.stop(options) };
}

/** A server that this process has started or attached to. */
export interface ServerHandle extends RunningServer {
  /** True if another process has started the server: `stop()` does not stop it. */
  readonly isAttached: boolean;
}

/** What a probe of an address found. */
export type ProbeResult =
  /** A server of the wanted kind replied. */
  | "responding"
  /** The connection was accepted, but there was no reply within the probe's timeout. */
  | "silent"
  /** No process listens there. */
  | "refused"
  /** Another program listens there: its reply is not that of the wanted kind, or it hangs up. */
  | "foreign";

/** Milliseconds between two probes. */
const PROBE_INTERVAL_MS = 50;
/** Milliseconds for a foreign listener to disappear from the port. */
const FOREIGN_TIMEOUT_MS = 2000;
/** Milliseconds for the listener to reply. On a busy machine a server has its port long before that. */
const SILENT_TIMEOUT_MS = 15_000;

/** How to find or start a server of one kind. */
export interface ServerSearch {
  /** Where it is to listen. Others may have one on the other loopback address of the same port. */
  readonly host: string;
  /** The port; 0 selects a free one. */
  readonly port: number;
  /** The address of a server at a host, as `start` reports it. */
  addressAt(host: string): string;
  /** Starts a server at a host. */
  start(host: string): Promise<RunningServer>;
  /** Checks which server listens at a host. */
  probe(host: string): Promise<ProbeResult>;
}

/**
 * Starts a server, or attaches to the one that listens on its port already: at its address, or at the
 * other loopback address, so that programs which name this machine in different ways share one server.
 * When two processes start at the same time, one of them wins and the other attaches.
 *
 * @throws {Deno.errors.AddrInUse} if another program listens on the port
 */
export async function startOrAttach(search: ServerSearch): Promise<ServerHandle> {
  const [host, ...others] = loopbackHosts(search.host);
  const startedMs = performance.now();
  for (;;) {
    const other = search.port === 0 ? undefined : await respondingHost(search, others);
    if (other !== undefined) return attachedTo(search.addressAt(other));
    try {
      const server = await search.start(host);
      return { ...server, isAttached: false };
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
      const result = await waitForReply(() => search.probe(host));
      if (result === "responding") return attachedTo(search.addressAt(host));
      // The other server has stopped between our attempt and the probe: start again.
      if (result === "refused" && performance.now() - startedMs < SILENT_TIMEOUT_MS) continue;
      throw error;
    }
  }
}

/** The first of some hosts where a server of the wanted kind replies. */
async function respondingHost(
  { probe }: ServerSearch,
  hosts: readonly string[],
): Promise<string | undefined> {
  for (const host of hosts) {
    if (await probe(host) === "responding") return host;
  }
  return undefined;
}

/** Probes until the result is final: a server of the wanted kind, none, or a timeout. */
async function waitForReply(probe: () => Promise<ProbeResult>): Promise<ProbeResult> {
  const startedMs = performance.now();
  for (;;) {
    const result = await probe();
    if (result === "responding" || result === "refused") return result;
    const timeoutMs = result === "silent" ? SILENT_TIMEOUT_MS : FOREIGN_TIMEOUT_MS;
    if (performance.now() - startedMs > timeoutMs) return result;
    await sleep(PROBE_INTERVAL_MS);
  }
}

function attachedTo(address: string): ServerHandle {
  return { address, isAttached: true, unref() {}, stop: () => Promise.resolve() };
}
