/**
 * Starts the HTTP server inline, in a worker or in a process, or attaches to the one that runs.
 *
 * @module
 */

import { checkNoMore } from "../../../lib/base/checks.ts";
import { parsePlainJson } from "../../../lib/base/plain_json.ts";
import { OptionRules } from "../../../lib/base/option_rules.ts";
import { isListening, urlOf } from "../../hosting/endpoint.ts";
import { checkServerMode, type ServerKind, type ServerMode } from "../../hosting/mode.ts";
import type { StopOptions } from "../../hosting/stop.ts";
import { type ProbeResult, startOrAttach, startServer } from "../../hosting/start.ts";
import {
  CONFIG_CHECKS,
  SharedMemoryServer,
  type SharedMemoryServerConfig,
  type SharedMemoryServerOptions,
} from "../server/server.ts";
import { readText } from "./reply_text.ts";

const KIND: ServerKind<SharedMemoryServerOptions> = {
  make: (options) => new SharedMemoryServer(options),
  program: new URL("../server/program.ts", import.meta.url),
  permissions: ["--allow-net"],
};

/** Options of starting a server. */
export interface StartSharedMemoryServerOptions extends SharedMemoryServerConfig {
  /** Where the server runs. Default: `"inline"`. */
  serverMode?: ServerMode | undefined;
}

const OPTIONS = new OptionRules<StartSharedMemoryServerOptions>("startSharedMemoryServer()", {
  ...CONFIG_CHECKS,
  serverMode: checkServerMode,
});

/** A server that was started, or that ran already. */
export interface StartedServer extends AsyncDisposable {
  /** Its URL. */
  readonly url: string;
  /** True if the server ran already: `stop()` leaves it running. */
  readonly isAttached: boolean;
  /** Lets the program end while the server listens. A worker keeps its program alive all the same. */
  unref(): void;
  /**
   * Stops the server if it was started here. `await using` does the same.
   *
   * @throws {RangeError} if `graceMs` is out of range
   */
  stop(options?: StopOptions): Promise<void>;
}

/** Milliseconds for one health check. */
const HEALTH_TIMEOUT_MS = 2000;

/**
 * Starts an HTTP server in this thread, in a worker or in a process. If a server listens on the port
 * already, it attaches to that one: when two processes start at the same time, one wins and the other
 * attaches. `localhost`, `127.0.0.1` and `::1` mean the same then. The server ends with this program, also when the program is killed.
 *
 * @throws {Deno.errors.AddrInUse} if another program listens on the port
 *
 * @example
 * ```ts
 * import { SharedMemoryMessagingBackend, startSharedMemoryServer } from "@ringbus/ringbus/http";
 *
 * await using server = await startSharedMemoryServer({ serverMode: "worker" });
 * await using one = new SharedMemoryMessagingBackend({ serverUrl: server.url });
 * await using other = new SharedMemoryMessagingBackend({ serverUrl: server.url });
 * await one.sadd("active users", "user1", "user2");
 * console.log(await other.smembers("active users")); // [ "user1", "user2" ]
 * ```
 */
export async function startSharedMemoryServer(
  options: StartSharedMemoryServerOptions = {},
): Promise<StartedServer> {
  checkNoMore("startSharedMemoryServer()", arguments, 1);
  OPTIONS.check(options);
  const { serverMode = "inline", ...config } = options;
  // Invalid options are reported here rather than by a worker.
  new SharedMemoryServer(config);
  const { host = "127.0.0.1", port = 0 } = config;
  const server = await startOrAttach({
    host,
    port,
    addressAt: (at) => urlOf("http", at, port),
    start: (at) => startServer(KIND, { ...config, host: at }, serverMode),
    probe: (at) => probe(urlOf("http", at, port), { host: at, port }),
  });
  const { address, isAttached, unref, stop } = server;
  return {
    url: address,
    isAttached,
    unref,
    stop,
    [Symbol.asyncDispose]: () => stop(),
  };
}

/** A server of another kind may send more, and without end. */
const MAX_HEALTH_BYTES = 65_536;

/** Checks which server listens at a URL. */
async function probe(
  url: string,
  { host, port }: { host: string; port: number },
): Promise<ProbeResult> {
  const signal = AbortSignal.timeout(HEALTH_TIMEOUT_MS);
  try {
    const response = await fetch(`${url}/health`, { signal, redirect: "error" });
    const health = parsePlainJson(await readText(response, MAX_HEALTH_BYTES)) as {
      status?: unknown;
    } | null;
    return health?.status === "healthy" ? "responding" : "foreign";
  } catch {
    if (signal.aborted) return "silent";
    return await isListening(host, port) ? "foreign" : "refused";
  }
}
