/**
 * Options of the HTTP messaging backend and their checks.
 *
 * @module
 */

import { flag, positiveMs } from "../../../lib/base/option_checks.ts";
import { type OptionChecks, OptionRules } from "../../../lib/base/option_rules.ts";
import { formatValue } from "../../../lib/base/options.ts";
import { withoutBrackets } from "../../hosting/endpoint.ts";
import { checkServerMode, type ServerMode } from "../../hosting/mode.ts";
import { checkToken } from "../../hosting/token.ts";
import type { MessagingBackendOptions } from "../../messaging/backend.ts";
import { checkLimit, DEFAULT_MAX_CLIENT_REPLY_BYTES } from "../../store/limits.ts";
import { BACKEND_CHECKS } from "../../messaging/options.ts";

/** Options of a backend on an HTTP server. */
export interface SharedMemoryMessagingBackendOptions extends MessagingBackendOptions {
  /** URL of the server, such as `"http://localhost:8080"`. */
  serverUrl?: string | undefined;
  /**
   * Whether to start a server at the first call: at `serverUrl` unless a server runs there, or else at a
   * free port. Default: true without a `serverUrl`, false with one.
   */
  autoStartServer?: boolean | undefined;
  /** Where a server that is started runs. Default: `"inline"`. */
  serverMode?: ServerMode | undefined;
  /** Token of the server, also of one that is started. */
  token?: string | undefined;
  /** Milliseconds that a call may take. Default: 30,000. */
  timeoutMs?: number | undefined;
  /** Most bytes of a reply of the server, as they are sent. Default: 384 MiB. */
  maxReplyBytes?: number | undefined;
}

/** Options of a backend that a configuration can have. */
export type SharedMessagingOptions = Omit<
  SharedMemoryMessagingBackendOptions,
  "onHandlerError" | "instrumentation"
>;

/** Options that were checked. */
export interface CheckedBackendOptions {
  /** URL of the server; undefined for a server of its own at a free port. */
  readonly url: string | undefined;
  readonly autoStartServer: boolean;
  readonly serverMode: ServerMode | undefined;
  readonly token: string | undefined;
  readonly timeoutMs: number;
  readonly maxReplyBytes: number;
}

const DEFAULT_TIMEOUT_MS = 30_000;

const CONNECTION_CHECKS: OptionChecks<SharedMessagingOptions> = {
  serverUrl: checkUrl,
  autoStartServer: flag,
  serverMode: checkServerMode,
  token: checkToken,
  timeoutMs: (name, value) => value === Infinity ? value : positiveMs(name, value),
  maxReplyBytes: checkLimit,
  strict: flag,
};
/** The checks of `SharedMemoryMessagingBackendOptions`. */
export const OPTION_CHECKS: OptionChecks<SharedMemoryMessagingBackendOptions> = {
  ...CONNECTION_CHECKS,
  ...BACKEND_CHECKS,
};
const OPTIONS = new OptionRules<SharedMemoryMessagingBackendOptions>(
  "new SharedMemoryMessagingBackend()",
  OPTION_CHECKS,
);
/** The options of `createSharedMessagingConfig`. */
export const CONFIG_OPTIONS = new OptionRules<SharedMessagingOptions>(
  "createSharedMessagingConfig()",
  CONNECTION_CHECKS,
);

/** Checks options, and fills in the defaults. */
export function checkBackendOptions(
  options: SharedMemoryMessagingBackendOptions,
): CheckedBackendOptions {
  OPTIONS.check(options);
  const { serverUrl, serverMode, token, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const { maxReplyBytes = DEFAULT_MAX_CLIENT_REPLY_BYTES } = options;
  const autoStartServer = options.autoStartServer ?? serverUrl === undefined;
  const url = serverUrl === undefined ? undefined : withoutSlash(new URL(serverUrl));
  if (url === undefined && !autoStartServer) {
    throw new TypeError("there is no server: give serverUrl, or omit autoStartServer");
  }
  return { url, autoStartServer, serverMode, token, timeoutMs, maxReplyBytes };
}

function checkUrl(name: string, serverUrl: unknown): string {
  const url = typeof serverUrl === "string" ? URL.parse(serverUrl) : null;
  if (url !== null && /^https?:$/.test(url.protocol)) return serverUrl as string;
  throw new TypeError(
    `${name} must be the URL of an HTTP server, such as "http://localhost:8080", not ${
      formatValue(serverUrl)
    }`,
  );
}

function withoutSlash({ origin, pathname }: URL): string {
  return origin + pathname.replace(/\/$/, "");
}

/** Where a server with a URL listens. */
export function addressOf(url: string): { host: string; port: number } {
  const { hostname, port } = new URL(url);
  return { host: withoutBrackets(hostname), port: Number(port || 80) };
}
