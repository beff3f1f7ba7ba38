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

/** Time in which a backend was not connected, so that nothing was pushed to it. */
export interface SubscriptionGap {
  /** When the connection was found to be lost, in milliseconds of the Unix epoch. */
  fromMs: number;
  /** When all subscriptions were in force again, in milliseconds of the Unix epoch. */
  untilMs: number;
  /** Topics whose messages of that time were not pushed. */
  topics: string[];
  /** Patterns whose messages of that time were not pushed. */
  patterns: string[];
}

/** Where a TCP server is, and how to begin with it. */
export interface EmbeddedAddress {
  /** Name or address of the server; `"127.0.0.1"` when left out. */
  host?: string;
  /** Port of the server; 31134 when left out. */
  port?: number;
  /** The server's token, if it has one. A server that is started gets it too. */
  token?: string;
  /** Whether a server is started when none listens there; true when left out. */
  autoStartServer?: boolean;
  /** Where a server that is started runs; `"inline"` when left out. */
  serverMode?: ServerMode;
  /**
   * Milliseconds after which a server that says nothing, though it is asked, is given up; 30,000 when left
   * out.
   */
  timeoutMs?: number;
}

/** Options of a TCP messaging backend. */
export interface EmbeddedMessagingBackendOptions extends EmbeddedAddress, MessagingBackendOptions {
  /**
   * Called when the subscriptions are in force again after the connection was lost: what was stored
   * meanwhile was not pushed, and is to be had with `getMessagesForTopicSince`. Left out, it is logged as
   * a warning under `["ringbus"]`.
   */
  onGap?: (gap: SubscriptionGap) => void;
}

/** Options that were checked, with those that were left out. */
export type CheckedBackendOptions =
  & Required<Omit<EmbeddedAddress, "token">>
  & Pick<EmbeddedMessagingBackendOptions, "token" | "onGap">
  /** Pushes may have headers. */
  & { acceptsHeaders: boolean };

/** Checks options, and fills in what was left out. */
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
    throw new RangeError("port must be that of a server: 0 is for a server to choose its own");
  }
  const acceptsHeaders = instrumentation !== undefined;
  return { host, port, token, autoStartServer, serverMode, timeoutMs, onGap, acceptsHeaders };
}
