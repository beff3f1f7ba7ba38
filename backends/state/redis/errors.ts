/**
 * The errors of shared state on Redis.
 *
 * @module
 */

import { reasonOf, type ServerFailure } from "../../redis/failures.ts";
import { formatValue } from "../../../lib/base/options.ts";
import {
  SharedBackendClosedError,
  SharedBackendConnectionError,
  SharedBackendError,
} from "../errors.ts";
import type { StateScript } from "./scripts.ts";

/** What a script does with shared state, as an error names it. */
const ACTIONS: Record<StateScript, string> = {
  open: "open",
  counts: "count the threads and pairs of",
  append: "append to a thread of",
  slots: "read a thread of",
  slot: "read a slot of",
  length: "read the length of a thread of",
  deleteThread: "delete a thread of",
  threads: "list the threads of",
  clearThreads: "delete the threads of",
  setPair: "set a pair of",
  uuidOf: "read a uuid of",
  chainOf: "read a chain of",
  deletePair: "delete a pair of",
  pairs: "list the pairs of",
  clearPairs: "delete the pairs of",
};

const CHECK_ACCESS =
  "check user, password and their rights in redisUrl, and that it is Redis 7 or later";

/** Failures that are not the connection's, with their remedies. */
const ADVICE: Partial<Record<ServerFailure, string>> = {
  memory: "delete threads, lower redisTtl, or raise maxmemory",
  "not replicated": "it is stored, but a failover may lose it; check the replicas",
  "foreign data": "another program has stored something else there; use another redisPrefix",
  authentication: CHECK_ACCESS,
  "old server": CHECK_ACCESS,
  rejected: CHECK_ACCESS,
};

/** The error of a thread of which the server has only the id. */
export function threadLost(threadId: string): SharedBackendError {
  return new SharedBackendError(
    `the slots of thread ${
      formatValue(threadId)
    } are gone: the server has evicted them, or another ` +
      `program has deleted them; set maxmemory-policy noeviction, and delete the thread`,
  );
}

/** Makes the error that the caller of a backend sees. */
export function toStateError(
  script: StateScript,
  address: string,
  failure: ServerFailure,
  cause: unknown,
): SharedBackendError {
  const reason = reasonOf(cause);
  const message = `cannot ${ACTIONS[script]} shared state on ${address}: ${reason}`;
  if (failure === "closed") {
    return new SharedBackendClosedError(`${message}; the call may have been carried out`, {
      cause,
    });
  }
  const advice = ADVICE[failure];
  if (advice !== undefined) return new SharedBackendError(`${message}; ${advice}`, { cause });
  return new SharedBackendConnectionError(
    `${message}; check that the server runs and can be reached`,
    { cause },
  );
}
