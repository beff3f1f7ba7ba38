/**
 * The record of a request that failed: its requester gets it as an error.
 *
 * @module
 */

import { errorCode } from "../base/errors.ts";
import { messageOf, nameOf } from "../base/thrown.ts";

/** What a replier reports of an error, as JSON in the ring. */
export interface RemoteFailure {
  /** Name of the error's class. */
  readonly name: string;
  /** Code of the error, if it has one. */
  readonly code?: string | undefined;
  readonly message: string;
  /** True if no handler failed: the replier closed before it replied. */
  readonly isReplierClosed?: true | undefined;
}

/** What a replier reports of each request that it leaves without a reply when it closes. */
export const REPLIER_CLOSED: RemoteFailure = {
  name: "ShmPeerLostError",
  message: "the replier closed before it replied",
  isReplierClosed: true,
};

/** What an error without a message stands for: the replier could not even write that. */
const NO_SPACE: RemoteFailure = {
  name: "ShmConnectionError",
  code: "shm-connection",
  message: "the replier has no memory left for its reply; free some in the segment directory",
};

/** Describes an error, or any other value that a handler threw. Never throws. */
export function describeFailure(cause: unknown): RemoteFailure {
  return { name: nameOf(cause), code: errorCode(cause), message: messageOf(cause) };
}

/** Reads what a replier reported. */
export function readFailure(bytes: Uint8Array): RemoteFailure {
  return bytes.length === 0 ? NO_SPACE : JSON.parse(new TextDecoder().decode(bytes));
}
