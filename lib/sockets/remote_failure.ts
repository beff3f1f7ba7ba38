/**
 * The record of a request that failed: its requester gets it as an error.
 *
 * @module
 */

import { errorCode } from "../base/errors.ts";

/** What a replier reports of an error, as JSON in the ring. */
export interface RemoteFailure {
  /** Name of the error's class. */
  readonly name: string;
  /** Code of the error, if it has one. */
  readonly code?: string;
  readonly message: string;
}

/** Describes an error, or any other value that a handler threw. */
export function describeFailure(cause: unknown): RemoteFailure {
  if (!(cause instanceof Error)) return { name: "Error", message: String(cause) };
  return { name: cause.name, code: errorCode(cause), message: cause.message };
}
