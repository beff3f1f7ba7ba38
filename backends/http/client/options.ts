/**
 * Options of the HTTP messaging backend and their checks.
 *
 * @module
 */

import { formatValue } from "../../../lib/base/options.ts";
import { withoutBrackets } from "../../hosting/endpoint.ts";
import { checkServerMode, type ServerMode } from "../../hosting/mode.ts";
import { checkToken } from "../../hosting/token.ts";
import type { MessagingBackendOptions } from "../../messaging/backend.ts";

/** Options of a backend on an HTTP server. */
export interface SharedMemoryMessagingBackendOptions extends MessagingBackendOptions {
  /** URL of the server, such as `"http://localhost:8080"`. */
  serverUrl?: string;
  /**
   * Whether to start a server at the first call: at `serverUrl` unless a server runs there, or else at a
   * free port. Default: true without a `serverUrl`, false with one.
   */
  autoStartServer?: boolean;
  /** Where a server that is started runs. Default: `"inline"`. */
  serverMode?: ServerMode;
  /** Token of the server, also of one that is started. */
  token?: string;
  /** Milliseconds that a call may take. Default: 30,000. */
  timeoutMs?: number;
}

/** Options that were checked. */
export interface CheckedBackendOptions {
  /** URL of the server; undefined for a server of its own at a free port. */
  readonly url: string | undefined;
  readonly autoStartServer: boolean;
  readonly serverMode: ServerMode | undefined;
  readonly token: string | undefined;
  readonly timeoutMs: number;
}

const DEFAULT_TIMEOUT_MS = 30_000;

/** Checks options, and fills in the defaults. */
export function checkBackendOptions(
  options: SharedMemoryMessagingBackendOptions,
): CheckedBackendOptions {
  const { serverUrl, serverMode, token, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const autoStartServer = options.autoStartServer ?? serverUrl === undefined;
  const url = serverUrl === undefined ? undefined : checkUrl(serverUrl);
  if (serverMode !== undefined) checkServerMode(serverMode);
  if (token !== undefined) checkToken(token);
  if (!(timeoutMs > 0)) {
    throw new RangeError(
      `timeoutMs must be a number of milliseconds, more than 0, not ${formatValue(timeoutMs)}`,
    );
  }
  if (url === undefined && !autoStartServer) {
    throw new TypeError("there is no server: give serverUrl, or omit autoStartServer");
  }
  return { url, autoStartServer, serverMode, token, timeoutMs };
}

function checkUrl(serverUrl: string): string {
  const url = URL.parse(serverUrl);
  if (url !== null && /^https?:$/.test(url.protocol)) {
    return url.origin + url.pathname.replace(/\/$/, "");
  }
  throw new TypeError(
    `serverUrl must be the URL of an HTTP server, such as "http://localhost:8080", not ${
      formatValue(serverUrl)
    }`,
  );
}

/** Where a server with a URL listens. */
export function addressOf(url: string): { host: string; port: number } {
  const { hostname, port } = new URL(url);
  return { host: withoutBrackets(hostname), port: Number(port || 80) };
}
