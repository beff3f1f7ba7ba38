/**
 * Kinds of failures between a client and Redis, and which of them are transient.
 *
 * @module
 */

import { RingbusError } from "../../lib/base/errors.ts";
import { messageOf } from "../../lib/base/thrown.ts";

/** An attempt took too long, and its connection was closed. */
export class AttemptTimeout extends RingbusError {
  /** The class name. */
  override name = "AttemptTimeout";
  /** Stable code of the class. */
  override readonly code: string = "redis-attempt-timeout";
}

/** Fewer replicas than requested have confirmed a write. */
export class TooFewReplicas extends RingbusError {
  /** The class name. */
  override name = "TooFewReplicas";
  /** Stable code of the class. */
  override readonly code: string = "redis-too-few-replicas";
}

/** The client was closed while a call waited for its next attempt. */
export class CallAborted extends RingbusError {
  /** The class name. */
  override name = "CallAborted";
  /** Stable code of the class. */
  override readonly code: string = "redis-call-aborted";

  constructor() {
    super("the client was closed before the server replied");
  }
}

/** What an error means for the call. */
export type Failure =
  | "authentication"
  | "closed"
  | "memory"
  | "old server"
  | "rejected"
  | "unavailable"
  | "late"
  | "not replicated";

/** Replies of a server that may be able to serve a little later. */
const TRANSIENT = new RegExp(
  "^(MOVED|ASK|TRYAGAIN|CLUSTERDOWN|MASTERDOWN|LOADING|BUSY|READONLY|NOREPLICAS|UNBLOCKED|MISCONF" +
    // The master became a replica between a script and the WAIT for it.
    "|ERR WAIT cannot be used with replica instances)\\b",
);
const LOGIN =
  /^(WRONGPASS|NOAUTH|NOPERM|ERR invalid password|ERR AUTH|ERR The user executing the script)/;

/** Returns the kind of an error. The first word of a reply decides; any other error is the connection's. */
export function classify(error: unknown): Failure {
  if (error instanceof AttemptTimeout) return "late";
  if (error instanceof TooFewReplicas) return "not replicated";
  if (error instanceof CallAborted) return "closed";
  const message = messageOf(error);
  if (LOGIN.test(message)) return "authentication";
  if (message.startsWith("OOM ") || message.startsWith("-OOM ")) return "memory";
  if (/compiling script|Unexpected engine in script shebang/.test(message)) return "old server";
  if (TRANSIENT.test(message)) return "unavailable";
  return /^[A-Z]+ /.test(message) ? "rejected" : "unavailable";
}

/** Whether another attempt may succeed. */
export function isTransient(failure: Failure): boolean {
  return failure === "unavailable" || failure === "late" || failure === "not replicated";
}
