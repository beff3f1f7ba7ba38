/**
 * The options of sockets and of their methods.
 *
 * @module
 */

import { abortSignal, directoryPath, durationMs, flag, observer } from "../base/option_checks.ts";
import { checkInteger } from "../base/checks.ts";
import { MAX_WINDOW } from "../../wasm/layout.ts";
import { type OptionChecks, OptionRules } from "../base/option_rules.ts";
import type { TimeoutOptions, WaitOptions } from "../base/options.ts";
import { checkCapacity } from "../channel/channel_options.ts";
import { type CodecName, resolveCodec } from "../codecs/builtin.ts";
import type { SocketOptions } from "./socket.ts";

const TIMEOUT_CHECKS: OptionChecks<TimeoutOptions> = { timeoutMs: durationMs };
const WAIT_CHECKS: OptionChecks<WaitOptions> = { ...TIMEOUT_CHECKS, signal: abortSignal };

/** The checks of `SocketOptions`. */
export const SOCKET_CHECKS: OptionChecks<SocketOptions> = {
  capacityBytes: (_name, value) => checkCapacity(value),
  codec: (_name, value) => resolveCodec(value as CodecName),
  dir: directoryPath,
  persist: flag,
  instrumentation: observer,
};

/** Options of a socket that receives messages. */
export interface ReceiverOptions extends SocketOptions {
  /**
   * With codec `"raw"`, true lets the arrays of messages of up to 1 KiB share buffers of 8 KiB: `recv`,
   * `recvSync`, `tryRecv` and iteration then take a third of the time. One array that is kept keeps its whole
   * buffer. The buffer cannot be transferred, and is posted whole: post a copy, `bytes.slice()`. Default:
   * false, each array has a buffer of its own.
   */
  pooled?: boolean;
}

/** The checks of `ReceiverOptions`. */
export const RECEIVER_CHECKS: OptionChecks<ReceiverOptions> = { ...SOCKET_CHECKS, pooled: flag };

const ONLY_PULLERS = "only pullers acknowledge";
const ONLY_RECEIVERS = "only subscribers and pullers share buffers";
/** Options of calls, which are no options of a socket. */
export const CALL_OPTIONS = {
  timeoutMs: "pass it to the call that waits",
  signal: "pass it to the call that waits",
} as const;

const NOT_OF_PULLERS = { ...CALL_OPTIONS, ack: ONLY_PULLERS, maxUnacked: ONLY_PULLERS };

/** The options of a class of sockets that does not acknowledge. */
export function socketOptions(className: string): OptionRules<SocketOptions> {
  const elsewhere = { ...NOT_OF_PULLERS, pooled: ONLY_RECEIVERS };
  return new OptionRules<SocketOptions>(`new ${className}()`, SOCKET_CHECKS, elsewhere);
}

/** The options of subscribers. */
export const SUBSCRIBER_OPTIONS = new OptionRules<ReceiverOptions>(
  "new Subscriber()",
  RECEIVER_CHECKS,
  NOT_OF_PULLERS,
);

export const SEND_SYNC_OPTIONS = new OptionRules<TimeoutOptions>("sendSync()", TIMEOUT_CHECKS);
export const SEND_ASYNC_OPTIONS = new OptionRules<WaitOptions>("sendAsync()", WAIT_CHECKS);
export const RECV_OPTIONS = new OptionRules<WaitOptions>("recv()", WAIT_CHECKS);
export const RECV_SYNC_OPTIONS = new OptionRules<TimeoutOptions>("recvSync()", TIMEOUT_CHECKS);
export const RECV_INTO_SYNC_OPTIONS = new OptionRules<TimeoutOptions>(
  "recvIntoSync()",
  TIMEOUT_CHECKS,
);
/** Options of `readMany`. */
export interface ReadManyOptions {
  /** Most messages that are read: a whole number, at least 0, or `Infinity`. Default: `Infinity`. */
  limit?: number | undefined;
}

export const READ_MANY_OPTIONS = new OptionRules<ReadManyOptions>("readMany()", {
  limit: (name, value) => value === Infinity ? value : checkInteger(name, value, 0),
});

/** Options of `stream`. */
export interface StreamOptions extends WaitOptions {
  /** Longest wait for space, and for each part, in milliseconds. Default: `Infinity`. */
  timeoutMs?: number | undefined;
  /** Cancels the stream. */
  signal?: AbortSignal | undefined;
  /**
   * Parts that the replier may have produced and the program has not received, from 1 to 255. With 1, the
   * replier produces a part when the program has received the one before. Default: 16.
   */
  window?: number | undefined;
}

export const REQUEST_OPTIONS = new OptionRules<WaitOptions>("request()", WAIT_CHECKS);
export const STREAM_OPTIONS = new OptionRules<StreamOptions>("stream()", {
  ...WAIT_CHECKS,
  window: (name, value) => checkInteger(name, value, 1, MAX_WINDOW),
});
export const REQUEST_SYNC_OPTIONS = new OptionRules<TimeoutOptions>(
  "requestSync()",
  TIMEOUT_CHECKS,
);
