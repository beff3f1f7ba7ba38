/**
 * Options of the TCP messaging backend and their checks.
 *
 * @module
 */

import { checkTimeout, formatValue } from "../../../lib/base/options.ts";
import type { MessagingBackendOptions } from "../../messaging/backend.ts";
import { checkPort } from "../../hosting/endpoint.ts";
import { checkServerMode, type ServerMode } from "../../hosting/mode.ts";
import { DEFAULT_PORT } from "../server/options.ts";

/** A time without a connection, in which the backend received no messages. */
export interface SubscriptionGap {
  /** Time when the loss of the connection was detected, in milliseconds of the Unix epoch. */
  fromMs: number;
  /** Time when all subscriptions were in force again, in milliseconds of the Unix epoch. */
  untilMs: number;
  /** Topics whose messages of that time were not received. */
  topics: string[];
  /** Patterns whose messages of that time were not received. */
  patterns: string[];
}

/** Address of a TCP server, and how to reach or start it. */
export interface EmbeddedAddress {
  /** Name or address of the server. Default: `"127.0.0.1"`. */
  host?: string;
  /** Port of the server. Default: 31134. */
  port?: number;
  /** Token of the server, also of one that is started. Default: none. */
  token?: string;
  /** Whether to start a server if none listens on the port. Default: true. */
  autoStartServer?: boolean;
  /** Where a server that is started runs. Default: `"inline"`. */
  serverMode?: ServerMode;
  /**
   * Milliseconds after which a server that does not reply is given up. Default: 30,000.
   */
  timeoutMs?: number;
}

/** Options of a TCP messaging backend. */
export interface EmbeddedMessagingBackendOptions extends EmbeddedAddress, MessagingBackendOptions {
  /**
   * Called when the subscriptions are in force again after the connection was lost. Messages of the time
   * between were not received; `getMessagesForTopicSince` returns the stored ones. Default: a warning in
   * the log, under `["ringbus"]`.
   */
  onGap?: (gap: SubscriptionGap) => void;
}

/** Checked options, with the defaults. */
export type CheckedBackendOptions =
  & Required<Omit<EmbeddedAddress, "token">>
  & Pick<EmbeddedMessagingBackendOptions, "token" | "onGap">
  /** Pushes may have headers. */
  & { acceptsHeaders: boolean };

/** Checks options, and fills in the defaults. */
export function checkBackendOptions(
  options: EmbeddedMessagingBackendOptions,
): CheckedBackendOptions {
  const {
    host = "127.0.0.1",
    port = DEFAULT_PORT,
    token,
    autoStartServer = true,
    serverMode = "inline",
    timeoutMs = 30_000,
    onGap,
    instrumentation,
  } = options;
  if (typeof host !== "string" || host === "") {
    throw new TypeError(`host must be a name or an address, not ${formatValue(host)}`);
  }
  checkPort(port);
  checkServerMode(serverMode);
  checkTimeout({ timeoutMs });
  if (timeoutMs === 0) throw new RangeError("timeoutMs must be more than 0");
  if (port === 0) {
    throw new RangeError(
      "port must be that of a server, not 0: only a server can choose a free port",
    );
  }
  const acceptsHeaders = instrumentation !== undefined;
  return { host, port, token, autoStartServer, serverMode, timeoutMs, onGap, acceptsHeaders };
}
