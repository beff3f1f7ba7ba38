/**
 * What can go wrong between a queue and Redis, and which of it passes.
 *
 * @module
 */

import {
  QueueAuthenticationError,
  QueueConfigurationError,
  QueueConnectionError,
  QueueError,
  QueueOutOfMemoryError,
  QueueReplicationError,
  QueueTimeoutError,
} from "../queue/errors.ts";

/** An attempt took too long; the connection was given up. */
export class AttemptTimeout extends Error {}

/** Fewer replicas than asked for have confirmed a write. */
export class TooFewReplicas extends Error {}

/** What an error means for the call. */
export type Failure =
  | "authentication"
  | "memory"
  | "old server"
  | "refused"
  | "unavailable"
  | "late"
  | "not replicated";

/** Replies of a server that may be able to serve a little later. */
const TRANSIENT = new RegExp(
  "^(MOVED|ASK|TRYAGAIN|CLUSTERDOWN|MASTERDOWN|LOADING|BUSY|READONLY|NOREPLICAS|UNBLOCKED|MISCONF" +
    // The master became a replica between a script and the WAIT for it.
    "|ERR WAIT cannot be used with replica instances)\\b",
);
const LOGIN = /^(WRONGPASS|NOAUTH|NOPERM|ERR invalid password|ERR AUTH)/;

/** Tells failures apart. Replies are known by their first word; all else is the connection. */
export function classify(error: unknown): Failure {
  if (error instanceof AttemptTimeout) return "late";
  if (error instanceof TooFewReplicas) return "not replicated";
  const message = error instanceof Error ? error.message : String(error);
  if (LOGIN.test(message)) return "authentication";
  if (message.startsWith("OOM ") || message.startsWith("-OOM ")) return "memory";
  if (/compiling script|Unexpected engine in script shebang/.test(message)) return "old server";
  if (TRANSIENT.test(message)) return "unavailable";
  return /^[A-Z]+ /.test(message) ? "refused" : "unavailable";
}

/** Whether it is worth trying again. */
export function isTransient(failure: Failure): boolean {
  return failure === "unavailable" || failure === "late" || failure === "not replicated";
}

/** The error that the caller sees. */
export function toQueueError(
  action: string,
  address: string,
  failure: Failure,
  cause: unknown,
): QueueError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const text = (advice: string) => `cannot ${action} on ${address}: ${reason}; ${advice}`;
  switch (failure) {
    case "authentication":
      return new QueueAuthenticationError(
        text("check user, password and their rights in redisUrl"),
        { cause },
      );
    case "memory":
      return new QueueOutOfMemoryError(
        text("acknowledge and delete messages, lower maxItems and ttlSeconds, or raise maxmemory"),
        { cause },
      );
    case "old server":
      return new QueueConfigurationError(text("the queue needs Redis 7 or later"), { cause });
    case "late":
      return new QueueTimeoutError(
        text("it may have been done or not; the server is busy, paused or cut off"),
        { cause },
      );
    case "not replicated":
      return new QueueReplicationError(
        text("it is done, but a failover may undo it; look after the replicas"),
        { cause },
      );
    case "unavailable":
      return new QueueConnectionError(text("check that the server runs and can be reached"), {
        cause,
      });
    case "refused":
      return new QueueError(text("the server refused it"), { cause });
  }
}
