/**
 * `ringbus serve`: the servers, on one store.
 *
 * @module
 */

import { defineCommand, UsageError } from "../command.ts";
import { counted } from "../counted.ts";
import { numberOf } from "../numbers.ts";
import type { Output } from "../output.ts";
import { LIMIT_OPTIONS, limitsOf } from "../serve_limits.ts";
import { TOKEN_OPTIONS, tokenOf } from "../token.ts";
import { SharedMemoryServer } from "../../backends/http/server.ts";
import { DEFAULT_PORT } from "../../backends/tcp/options.ts";
import { EmbeddedServer } from "../../backends/tcp/server.ts";
import { Store } from "../../backends/store/store.ts";

const DEFAULT_HTTP_PORT = 8080;
const LAST_PORT = 65_535;

/** Serves. */
export const command = defineCommand({
  usage: "",
  description:
    `Serves messages by topic, subscriptions and values over HTTP and over TCP, both on one
store in memory, until Ctrl-C or SIGTERM: what came by then is answered. A browser at the HTTP address
shows what goes on; Prometheus finds it at /metrics. Other machines reach it only with --host and a
token.`,
  options: {
    host: { type: "string", value: "HOST", help: "where to listen; 127.0.0.1 when left out" },
    "http-port": {
      type: "string",
      value: "PORT",
      help: `port of HTTP, 0 for a free one; ${DEFAULT_HTTP_PORT} when left out`,
    },
    "tcp-port": {
      type: "string",
      value: "PORT",
      help: `port of TCP, 0 for a free one; ${DEFAULT_PORT} when left out`,
    },
    http: { type: "boolean", isOn: true, help: "do not serve HTTP" },
    tcp: { type: "boolean", isOn: true, help: "do not serve TCP" },
    ...TOKEN_OPTIONS,
    ...LIMIT_OPTIONS,
  },
  arity: [0, 0],
  async run({ values, output, signal }) {
    const limits = limitsOf(values);
    const where = { host: values.host, token: tokenOf(values, output) };
    const isServed = { http: values.http ?? true, tcp: values.tcp ?? true };
    if (!isServed.http && !isServed.tcp) {
      throw new UsageError("--no-http and --no-tcp leave nothing to serve: give one of them");
    }
    const http = portOf("http-port", values["http-port"], DEFAULT_HTTP_PORT);
    const tcp = portOf("tcp-port", values["tcp-port"], DEFAULT_PORT);
    const [store, httpServer, tcpServer] = checked(() => {
      const store = new Store(limits.store);
      return [
        store,
        isServed.http && new SharedMemoryServer({ ...where, ...limits.http, port: http, store }),
        isServed.tcp && new EmbeddedServer({ ...where, ...limits.tcp, port: tcp, store }),
      ];
    });
    // The last to start is the first to stop: what HTTP still stores is pushed over TCP.
    await using fronts = new AsyncDisposableStack();
    const urls: { httpUrl: string | null; tcpUrl: string | null } = { httpUrl: null, tcpUrl: null };
    if (tcpServer) {
      await listening("tcp-port", tcp, () => tcpServer.start());
      fronts.use(tcpServer);
      urls.tcpUrl = `tcp://${tcpServer.address}`;
    }
    if (httpServer) {
      urls.httpUrl = await listening("http-port", http, () => httpServer.start());
      fronts.use(httpServer);
    }
    tellReady(output, urls);
    await aborted(signal);
    await fronts.disposeAsync();
    output.remark(`stopped; ${counted(store.stats().stored, "message")} had been stored`);
  },
});

function portOf(option: string, text: string | undefined, otherwise: number): number {
  return numberOf(option, text, { most: LAST_PORT }) ?? otherwise;
}

/** What the servers refuse is wrong on the command line. */
function checked<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    const isMisuse = error instanceof TypeError || error instanceof RangeError;
    throw isMisuse ? new UsageError(error.message, { cause: error }) : error;
  }
}

/** Says which port it was about when a server cannot listen. */
async function listening<T>(option: string, port: number, start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (cause) {
    const reason = cause instanceof Deno.errors.AddrInUse
      ? `another program listens there; give another port with --${option}, or 0 for a free one`
      : (cause as Error).message;
    throw new Error(`cannot listen on port ${port}: ${reason}`, { cause });
  }
}

function tellReady(
  output: Output,
  urls: { httpUrl: string | null; tcpUrl: string | null },
): void {
  if (output.isJson) output.json({ ...urls, pid: Deno.pid });
  else output.print(`serving ${[urls.httpUrl, urls.tcpUrl].filter(Boolean).join(" and ")}`);
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
