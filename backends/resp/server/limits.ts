/**
 * Limits of requests and replies.
 *
 * @module
 */

import type { RequestLimits } from "../protocol/request_parser.ts";

/** Most arguments of a request. */
const MAX_ARGUMENTS = 1024 * 1024;
/** Arguments of the largest size that fit a request. */
const LARGE_ARGUMENTS = 4;
/** What a client may send before it is authenticated. */
const UNKNOWN_LIMITS: RequestLimits = {
  maxArguments: 10,
  maxBulkBytes: 16 * 1024,
  maxRequestBytes: 64 * 1024,
  fault: "unauthenticated",
};

/** The limits of a server. */
export interface RespLimits {
  /** Most bytes of an argument. */
  readonly maxBulkBytes: number;
  /** Most bytes that wait for one client. It is disconnected when there are more. */
  readonly maxPendingBytes: number;
}

/** What a client may send. */
export function limitsFor({ maxBulkBytes }: RespLimits, isAuthenticated: boolean): RequestLimits {
  if (!isAuthenticated) return UNKNOWN_LIMITS;
  const maxRequestBytes = Math.max(maxBulkBytes, 16 * 2 ** 20) * LARGE_ARGUMENTS;
  return { maxArguments: MAX_ARGUMENTS, maxBulkBytes, maxRequestBytes, fault: "invalid" };
}
