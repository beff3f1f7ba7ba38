/**
 * The options of sockets and of their methods.
 *
 * @module
 */

import { abortSignal, directoryPath, durationMs, flag, observer } from "../base/option_checks.ts";
import { checkInteger } from "../base/checks.ts";
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

const ONLY_PULLERS = "only pullers acknowledge";
/** Options of calls, which are no options of a socket. */
export const CALL_OPTIONS = {
  timeoutMs: "pass it to the call that waits",
  signal: "pass it to the call that waits",
} as const;

/** The options of a class of sockets that does not acknowledge. */
export function socketOptions(className: string): OptionRules<SocketOptions> {
  const elsewhere = { ...CALL_OPTIONS, ack: ONLY_PULLERS, maxUnacked: ONLY_PULLERS };
  return new OptionRules<SocketOptions>(`new ${className}()`, SOCKET_CHECKS, elsewhere);
}

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
export const REQUEST_OPTIONS = new OptionRules<WaitOptions>("request()", WAIT_CHECKS);
export const REQUEST_SYNC_OPTIONS = new OptionRules<TimeoutOptions>(
  "requestSync()",
  TIMEOUT_CHECKS,
);
