/**
 * Options of the TCP messaging backend and their checks.
 *
 * @module
 */

import { callback, flag, positiveMs } from "../../../lib/base/option_checks.ts";
import { type Given, type OptionChecks, OptionRules } from "../../../lib/base/option_rules.ts";
import type { MessagingBackendOptions } from "../../messaging/backend.ts";
import { BACKEND_CHECKS } from "../../messaging/options.ts";
import { checkHostName, checkPort, withoutBrackets } from "../../hosting/endpoint.ts";
import { checkServerMode, type ServerMode } from "../../hosting/mode.ts";
import { checkToken } from "../../hosting/token.ts";
import { checkLimit, DEFAULT_MAX_CLIENT_REPLY_BYTES } from "../../store/limits.ts";
import { DEFAULT_PORT } from "../server/options.ts";

/** A time of which the backend did not receive all messages. */
export interface SubscriptionGap {
  /**
   * Time when the loss of the connection was detected, in milliseconds of the Unix epoch; if the server has
   * dropped messages, that when the connection was opened: they were stored at some time since then.
   */
  fromMs: number;
  /** Time when all subscriptions were in force again, or when the server reported what it dropped. */
  untilMs: number;
  /**
   * Number of messages that the server has dropped since its last report, because this program read too
   * slowly; undefined if the connection was lost.
   */
  dropped?: number;
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
  port?: number | undefined;
  /** Token of the server, also of one that is started. Default: none. */
  token?: string | undefined;
  /** Whether to start a server if none listens on the port. Default: true. */
  autoStartServer?: boolean;
  /** Where a server that is started runs. Default: `"inline"`. */
  serverMode?: ServerMode | undefined;
  /**
   * Milliseconds after which a server that does not reply is given up. Default: 30,000.
   */
  timeoutMs?: number;
  /** Most bytes of a reply of the server, as they are sent. Default: 384 MiB. */
  maxReplyBytes?: number | undefined;
}

/** Options of a backend that a configuration can have. */
export interface EmbeddedMessagingOptions extends EmbeddedAddress {
  /** Rejects messages that the Python clients could not read. Default: false. */
  strict?: boolean | undefined;
}

/** Options of a TCP messaging backend. */
export interface EmbeddedMessagingBackendOptions extends EmbeddedAddress, MessagingBackendOptions {
  /**
   * Called when the subscriptions are in force again after the connection was lost, and when the server has
   * dropped messages for this backend, because the program read too slowly. `getMessagesStoredAfter` with
   * the id of the last message that was received returns the stored ones that were not. Default: a warning
   * in the log, under `["ringbus"]`. What was dropped is logged in any case.
   */
  onGap?: ((gap: SubscriptionGap) => void) | undefined;
}

/** Checked options, with the defaults. */
export type CheckedBackendOptions =
  & Given<Omit<EmbeddedAddress, "token">>
  & Pick<EmbeddedMessagingBackendOptions, "token" | "onGap">
  /** Pushes may have headers. */
  & { acceptsHeaders: boolean };

const ADDRESS_CHECKS: OptionChecks<EmbeddedAddress> = {
  host: checkHostName,
  port: checkPort,
  token: checkToken,
  autoStartServer: flag,
  serverMode: checkServerMode,
  timeoutMs: positiveMs,
  maxReplyBytes: checkLimit,
};
/** The checks of `EmbeddedMessagingBackendOptions`. */
export const OPTION_CHECKS: OptionChecks<EmbeddedMessagingBackendOptions> = {
  ...ADDRESS_CHECKS,
  onGap: callback,
  ...BACKEND_CHECKS,
};
const OPTIONS = new OptionRules<EmbeddedMessagingBackendOptions>(
  "new EmbeddedMessagingBackend()",
  OPTION_CHECKS,
);
/** The options of `createEmbeddedMessagingConfig`. */
export const CONFIG_OPTIONS = new OptionRules<EmbeddedMessagingOptions>(
  "createEmbeddedMessagingConfig()",
  { ...ADDRESS_CHECKS, strict: flag },
);

/** Checks options, and fills in the defaults. */
export function checkBackendOptions(
  options: EmbeddedMessagingBackendOptions,
): CheckedBackendOptions {
  OPTIONS.check(options);
  const {
    host = "127.0.0.1",
    port = DEFAULT_PORT,
    token,
    autoStartServer = true,
    serverMode = "inline",
    timeoutMs = 30_000,
    maxReplyBytes = DEFAULT_MAX_CLIENT_REPLY_BYTES,
    onGap,
    instrumentation,
  } = options;
  if (port === 0) {
    throw new RangeError(
      "port must be that of a server, not 0: only a server can choose a free port",
    );
  }
  const acceptsHeaders = instrumentation !== undefined;
  const bareHost = withoutBrackets(host);
  return {
    host: bareHost,
    port,
    token,
    autoStartServer,
    serverMode,
    timeoutMs,
    maxReplyBytes,
    onGap,
    acceptsHeaders,
  };
}
