/**
 * Options of the TCP server and their checks.
 *
 * @module
 */

import type { Clock } from "../../../lib/base/clock.ts";
import { checkInteger } from "../../../lib/base/checks.ts";
import { callback, durationMs, instanceOf, objectWith } from "../../../lib/base/option_checks.ts";
import { type Given, type OptionChecks, OptionRules } from "../../../lib/base/option_rules.ts";
import { checkClock } from "../../../lib/base/clock_option.ts";
import { checkHost, checkHostName, checkPort } from "../../hosting/endpoint.ts";
import type { RequestObserver } from "../../hosting/observer.ts";
import { QUEUE_CHECKS } from "../../hosting/store_options.ts";
import { checkToken } from "../../hosting/token.ts";
import {
  checkLimit,
  DEFAULT_IDLE_TIMEOUT_MS,
  DEFAULT_MAX_CONNECTIONS,
  DEFAULT_MAX_LINE_BYTES,
  DEFAULT_MAX_REPLY_BYTES,
  MIN_MAX_LINE_BYTES,
} from "../../store/limits.ts";
import { Store } from "../../store/store.ts";
import type { OverflowPolicy } from "../../store/subscription.ts";
import { checkRedisOptions, type RedisOptions } from "../../resp/server/options.ts";
import type { CommandService } from "./service.ts";

/** Default port of the server. */
export const DEFAULT_PORT = 31134;

/** Options of a TCP server that are plain data. */
export interface EmbeddedServerConfig {
  /** Name or address to listen on. Default: `"127.0.0.1"`, which other machines cannot reach. */
  host?: string | undefined;
  /** Port to listen on; 0 selects a free one. Default: 31134. */
  port?: number | undefined;
  /** Token for `AUTH`, in visible ASCII. Required if other machines can reach `host`. */
  token?: string | undefined;
  /** Most bytes of a line, its end included. Default: 16 MiB. */
  maxLineBytes?: number | undefined;
  /** Most bytes of messages in one reply. Default: 256 MiB. */
  maxReplyBytes?: number | undefined;
  /** Most connections at once. Default: 10,000. */
  maxConnections?: number | undefined;
  /**
   * Milliseconds after which an idle connection without subscriptions is closed; `Infinity`: never.
   * Default: 600,000.
   */
  idleTimeoutMs?: number | undefined;
  /** Most pushes in the queue of a connection. Default: 10,000. */
  maxQueueLength?: number | undefined;
  /** Most bytes in the queue of a connection. A single push may be larger. Default: 64 MiB. */
  maxQueueBytes?: number | undefined;
  /**
   * What happens when the queue of a connection is full: `"dropOldest"` drops the oldest pushes,
   * `"disconnect"` closes the connection. `getStats()` counts both. Default: `"dropOldest"`.
   */
  overflow?: OverflowPolicy | undefined;
  /** Most messages of a topic: the oldest are evicted. Default: no limit. */
  maxMessagesPerTopic?: number | undefined;
  /** Most bytes of all messages and keys together: the oldest are evicted. Default: no limit. */
  maxBytes?: number | undefined;
  /** Most different patterns of all connections together. Default: 10,000. */
  maxPatterns?: number | undefined;
}

/** Options of a TCP server. */
export interface EmbeddedServerOptions extends EmbeddedServerConfig {
  /**
   * The store, to share it with other servers and with backends. It has its own `maxMessagesPerTopic` and
   * `maxBytes`. Default: a new store.
   */
  store?: Store | undefined;
  /**
   * Shared state (a `StateHost`), for clients that know its key. They do not need the `token`.
   * Default: none.
   */
  state?: CommandService | undefined;
  /**
   * Clock of a new store, for tests: one with timers such as `SteppableClock`, or a function that returns
   * milliseconds of the Unix epoch. Default: a monotonic clock.
   */
  clock?: (Clock | (() => number)) | undefined;
  /** How the server serves Redis clients. */
  redis?: RedisOptions | undefined;
  /** Called for each command, such as `traceRequests()` of `./otel`. Default: none. */
  onRequest?: RequestObserver | undefined;
}

/** Checked options, with the defaults. */
export type CheckedOptions =
  & Given<
    Pick<
      EmbeddedServerConfig,
      "host" | "port" | "maxLineBytes" | "maxReplyBytes" | "maxConnections" | "idleTimeoutMs"
    >
  >
  & EmbeddedServerOptions;

/** The checks of `EmbeddedServerConfig`. */
const CONFIG_CHECKS: OptionChecks<EmbeddedServerConfig> = {
  host: checkHostName,
  port: checkPort,
  token: checkToken,
  maxLineBytes: (name, value) =>
    value === Infinity ? value : checkInteger(name, value, MIN_MAX_LINE_BYTES),
  maxReplyBytes: checkLimit,
  maxConnections: checkLimit,
  idleTimeoutMs: (name, value) => value === Infinity ? value : durationMs(name, value),
  maxMessagesPerTopic: checkLimit,
  maxBytes: checkLimit,
  maxPatterns: checkLimit,
  ...QUEUE_CHECKS,
};
/** Options of a server. */
export const SERVER_OPTIONS = new OptionRules<EmbeddedServerOptions>("new EmbeddedServer()", {
  ...CONFIG_CHECKS,
  store: instanceOf(() => Store),
  state: objectWith("openSession"),
  clock: checkClock,
  redis: checkRedisOptions,
  onRequest: callback,
});

/** Checks the options, and fills in the defaults. */
export function checkOptions(options: EmbeddedServerOptions): CheckedOptions {
  SERVER_OPTIONS.check(options);
  return {
    ...options,
    host: checkHost(options.host, options.token),
    port: options.port ?? DEFAULT_PORT,
    idleTimeoutMs: options.idleTimeoutMs ?? DEFAULT_IDLE_TIMEOUT_MS,
    maxLineBytes: options.maxLineBytes ?? DEFAULT_MAX_LINE_BYTES,
    maxReplyBytes: options.maxReplyBytes ?? DEFAULT_MAX_REPLY_BYTES,
    maxConnections: options.maxConnections ?? DEFAULT_MAX_CONNECTIONS,
  };
}
