/**
 * Options of the TCP server and their checks.
 *
 * @module
 */

import { checkTimeout } from "../../../lib/base/options.ts";
import { checkHost, checkPort } from "../../hosting/endpoint.ts";
import type { RequestObserver } from "../../hosting/observer.ts";
import { checkToken } from "../../hosting/token.ts";
import {
  checkLimit,
  DEFAULT_IDLE_TIMEOUT_MS,
  DEFAULT_MAX_CONNECTIONS,
  DEFAULT_MAX_LINE_BYTES,
  DEFAULT_MAX_REPLY_BYTES,
  MIN_MAX_LINE_BYTES,
} from "../../store/limits.ts";
import type { Store } from "../../store/store.ts";
import type { OverflowPolicy } from "../../store/subscription.ts";
import type { CommandService } from "./service.ts";

/** Port of the server, unless told otherwise. */
export const DEFAULT_PORT = 31134;

/** Options of a TCP server that are plain data. */
export interface EmbeddedServerConfig {
  /** Name or address to listen on; `"127.0.0.1"` when left out, which other machines cannot reach. */
  host?: string;
  /** Port to listen on; 31134 when left out, and with 0 one that is free. */
  port?: number;
  /** What clients must show with `AUTH`; visible ASCII. Needed unless `host` is of this machine alone. */
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
export interface EmbeddedServerOptions extends EmbeddedServerConfig {
  /**
   * The store, to share it with other servers and with backends; one of its own when left out. It has its
   * own `maxMessagesPerTopic` and `maxBytes`.
   */
  store?: Store;
  /**
   * Shared state (a `StateHost`), for clients that know its key. They do not need the `token`.
   * Default: none.
   */
  state?: CommandService;
  /** Clock of the server's own store, in milliseconds of the Unix epoch; `Date.now` when left out. */
  clock?: () => number;
  /** Told of each command, such as `traceRequests()` of `./otel`; nobody is when left out. */
  onRequest?: RequestObserver;
}

/** Options that were checked, and those that were left out. */
export type CheckedOptions =
  & Required<
    Pick<
      EmbeddedServerConfig,
      "host" | "port" | "maxLineBytes" | "maxReplyBytes" | "maxConnections" | "idleTimeoutMs"
    >
  >
  & EmbeddedServerOptions;

/** Checks what the store and its subscribers do not check, and fills in what was left out. */
export function checkOptions(options: EmbeddedServerOptions): CheckedOptions {
  const { port = DEFAULT_PORT, idleTimeoutMs = DEFAULT_IDLE_TIMEOUT_MS, token } = options;
  if (token !== undefined) checkToken(token);
  const host = checkHost(options.host, token);
  checkPort(port);
  if (idleTimeoutMs !== Infinity) checkTimeout({ timeoutMs: idleTimeoutMs });
  const maxLineBytes = checkLimit("maxLineBytes", options.maxLineBytes, DEFAULT_MAX_LINE_BYTES);
  if (maxLineBytes < MIN_MAX_LINE_BYTES) {
    throw new RangeError(
      `maxLineBytes must be at least ${MIN_MAX_LINE_BYTES}, not ${maxLineBytes}`,
    );
  }
  return {
    ...options,
    host,
    port,
    idleTimeoutMs,
    maxLineBytes,
    maxReplyBytes: checkLimit("maxReplyBytes", options.maxReplyBytes, DEFAULT_MAX_REPLY_BYTES),
    maxConnections: checkLimit("maxConnections", options.maxConnections, DEFAULT_MAX_CONNECTIONS),
  };
}
