/**
 * Options of the TCP server and their checks.
 *
 * @module
 */

import { checkTimeout, show } from "../../lib/options.ts";
import type { Store } from "../store/store.ts";
import { checkLimit, type OverflowPolicy } from "../store/subscriber.ts";

/** Port of the server, unless told otherwise. */
export const DEFAULT_PORT = 31134;

/** Options of a TCP server that are plain data. */
export interface EmbeddedServerLimits {
  /** Name or address to listen on; `"127.0.0.1"` when left out, which other machines cannot reach. */
  host?: string;
  /** Port to listen on; 31134 when left out, and with 0 one that is free. */
  port?: number;
  /** What clients must show with `AUTH`. Needed unless `host` is of this machine alone. */
  token?: string;
  /** Most bytes of a line, its end included; 16 MiB when left out. */
  maxLineBytes?: number;
  /** Most bytes of messages in one answer; 256 MiB when left out. */
  maxReplyBytes?: number;
  /** Most connections at a time; 10,000 when left out. */
  maxConnections?: number;
  /**
   * Milliseconds after which a connection is closed that neither subscribes nor takes or sends a byte;
   * 600,000 when left out, and with `Infinity` none is.
   */
  idleTimeoutMs?: number;
  /** Most pushes that wait for one connection; 10,000 when left out. */
  maxQueueLength?: number;
  /** Most bytes of pushes that wait for one connection; 64 MiB when left out. One push may be larger. */
  maxQueueBytes?: number;
  /**
   * What happens to a connection that takes its pushes too slowly: `"dropOldest"` loses its oldest pushes,
   * `"disconnect"` closes it; `"dropOldest"` when left out. `getStats()` counts both.
   */
  overflow?: OverflowPolicy;
  /** Most messages that a topic keeps: the oldest are evicted. Unlimited when left out. */
  maxMessagesPerTopic?: number;
  /** Most bytes that all messages and keys keep together: the oldest are evicted. Unlimited when left out. */
  maxBytes?: number;
}

/** Options of a TCP server. */
export interface EmbeddedServerOptions extends EmbeddedServerLimits {
  /**
   * The store, to share it with other servers and with backends; one of its own when left out. It has its
   * own `maxMessagesPerTopic` and `maxBytes`.
   */
  store?: Store;
}

/** Options that were checked, and those that were left out. */
export type CheckedOptions =
  & Required<
    Pick<
      EmbeddedServerLimits,
      "host" | "port" | "maxLineBytes" | "maxReplyBytes" | "maxConnections" | "idleTimeoutMs"
    >
  >
  & EmbeddedServerOptions;

const MIB = 2 ** 20;
/** No shorter line could carry a message. */
const MIN_LINE_BYTES = 64;

/** Checks what the store and its subscribers do not check, and fills in what was left out. */
export function checkOptions(options: EmbeddedServerOptions): CheckedOptions {
  const { host = "127.0.0.1", port = DEFAULT_PORT, idleTimeoutMs = 600_000 } = options;
  checkHost(host, options.token);
  checkPort(port);
  if (idleTimeoutMs !== Infinity) checkTimeout({ timeoutMs: idleTimeoutMs });
  if (options.store !== undefined) checkNoStoreOptions(options);
  checkQueue(options);
  const maxLineBytes = checkLimit("maxLineBytes", options.maxLineBytes, 16 * MIB);
  if (maxLineBytes < MIN_LINE_BYTES) {
    throw new RangeError(`maxLineBytes must be at least ${MIN_LINE_BYTES}, not ${maxLineBytes}`);
  }
  return {
    ...options,
    host,
    port,
    idleTimeoutMs,
    maxLineBytes,
    maxReplyBytes: checkLimit("maxReplyBytes", options.maxReplyBytes, 256 * MIB),
    maxConnections: checkLimit("maxConnections", options.maxConnections, 10_000),
  };
}

const LOOPBACK = /^(?:localhost|127\.\d+\.\d+\.\d+|::1|\[::1\])$/i;

function checkHost(host: unknown, token: unknown): void {
  if (typeof host !== "string" || host === "") {
    throw new TypeError(`host must be a name or an address, not ${show(host)}`);
  }
  if (token !== undefined && (typeof token !== "string" || token === "")) {
    throw new TypeError("token must be a string that is not empty");
  }
  if (token === undefined && !LOOPBACK.test(host)) {
    throw new TypeError(
      `cannot listen on ${host} without a token: give one, or listen on 127.0.0.1`,
    );
  }
}

/** Throws unless it is a port, or 0. */
export function checkPort(port: unknown): void {
  if (Number.isInteger(port) && (port as number) >= 0 && (port as number) <= 65_535) return;
  throw new RangeError(`port must be a whole number from 0 to 65535, not ${show(port)}`);
}

/** Throws now rather than at the first connection. */
function checkQueue({ maxQueueLength, maxQueueBytes, overflow }: EmbeddedServerLimits): void {
  checkLimit("maxQueueLength", maxQueueLength, 1);
  checkLimit("maxQueueBytes", maxQueueBytes, 1);
  if (overflow === undefined || overflow === "dropOldest" || overflow === "disconnect") return;
  throw new TypeError(`overflow must be "dropOldest" or "disconnect", not ${show(overflow)}`);
}

function checkNoStoreOptions(options: EmbeddedServerOptions): void {
  for (const name of ["maxMessagesPerTopic", "maxBytes"] as const) {
    if (options[name] === undefined) continue;
    throw new TypeError(`${name} is for the server's own store: give it to the store you made`);
  }
}
