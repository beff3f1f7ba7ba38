/**
 * The errors of a queue on Redis.
 *
 * @module
 */

import { reasonOf, type ServerFailure } from "../../redis/failures.ts";
import {
  QueueAuthenticationError,
  QueueConfigurationError,
  QueueConnectionError,
  QueueError,
  QueueNotInitializedError,
  QueueOutOfMemoryError,
  QueueReplicationError,
  QueueTimeoutError,
} from "../errors.ts";
import type { ScriptName } from "./scripts/mod.ts";

/** What a script does, as an error names it. */
const ACTIONS: Record<ScriptName, string> = {
  store: "publish or put",
  reserve: "publish",
  remember: "publish",
  register: "subscribe",
  unsubscribe: "unsubscribe",
  claim: "claim messages",
  release: "release messages",
  acknowledge: "acknowledge",
  acknowledgeAndClaim: "acknowledge and claim messages",
  extend: "extend",
  giveBack: "release or reject",
  progress: "tell the progress",
  result: "read a result",
  delayed: "read delayed messages",
  setPaused: "pause or resume",
  channels: "read channels",
  stats: "read stats",
  purge: "purge",
  rate: "claim messages",
  fire: "publish the message of a schedule",
  putSchedule: "schedule",
  removeSchedule: "unschedule",
  schedules: "read schedules",
  requeue: "requeue",
  pending: "read pending messages",
  deadLetters: "read dead letters",
  get: "get",
  remove: "delete",
  list: "list",
  count: "count",
  clear: "clear",
  scrub: "clear",
  sweep: "remove expired messages",
  agree: "initialize",
  index: "initialize",
  migrate: "initialize",
  setLayout: "initialize",
};

/** Class of the error and the remedy for each kind of failure. */
const ERRORS: Record<ServerFailure, [errorClass: typeof QueueError, advice: string]> = {
  authentication: [QueueAuthenticationError, "check user, password and their rights in redisUrl"],
  closed: [QueueNotInitializedError, "the call may have been carried out"],
  memory: [
    QueueOutOfMemoryError,
    "acknowledge and delete messages, lower maxItems and ttlSeconds, or raise maxmemory",
  ],
  "old server": [QueueConfigurationError, "the queue needs Redis 7 or later"],
  late: [
    QueueTimeoutError,
    "the call may have been carried out; the server is busy, paused or unreachable",
  ],
  "not replicated": [
    QueueReplicationError,
    "it is stored, but a failover may lose it; check the replicas",
  ],
  busy: [
    QueueConnectionError,
    "the server has too much to do, or too many clients; try again later",
  ],
  "wrong server": [
    QueueConnectionError,
    "it is not the master, or not ready; check where redisUrl leads to",
  ],
  "foreign data": [
    QueueConfigurationError,
    "another program has stored something else there; use another redisPrefix or namespace",
  ],
  unavailable: [QueueConnectionError, "check that the server runs and can be reached"],
  rejected: [QueueError, "the server rejected it"],
};

/** Makes the error that the caller of a queue sees. */
export function toQueueError(
  script: ScriptName,
  address: string,
  failure: ServerFailure,
  cause: unknown,
  timeoutMs?: number,
): QueueError {
  const reason = reasonOf(cause);
  const [errorClass, advice] = ERRORS[failure];
  const where = timeoutMs === undefined ? address : `${address} within ${timeoutMs} ms`;
  return new errorClass(`cannot ${ACTIONS[script]} on ${where}: ${reason}; ${advice}`, { cause });
}
