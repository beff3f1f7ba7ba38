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

/** The client has closed the connection of an attempt, for a reason that the attempt has not caused. */
export class AttemptInterrupted extends RingbusError {
  /** The class name. */
  override name = "AttemptInterrupted";
  /** Stable code of the class. */
  override readonly code: string = "redis-interrupted";

  constructor() {
    super("the client closed the connection before the server replied");
  }
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
  | "busy"
  | "closed"
  | "foreign data"
  | "late"
  | "memory"
  | "misuse"
  | "not replicated"
  | "old server"
  | "rejected"
  | "unavailable"
  | "wrong server";

/** The failures that are not the program's. */
export type ServerFailure = Exclude<Failure, "misuse">;

/** What the replies of a server mean. The first row that matches decides. */
const REPLIES: readonly (readonly [start: RegExp, failure: Failure])[] = [
  [/^(WRONGPASS|NOAUTH|NOPERM|ERR invalid password|ERR AUTH)\b/, "authentication"],
  [/^ERR The user executing the script/, "authentication"],
  [/^(READONLY|MASTERDOWN|NOREPLICAS|LOADING|UNBLOCKED)\b/, "wrong server"],
  // The master became a replica between a script and the WAIT for it.
  [/^ERR WAIT cannot be used with replica instances/, "wrong server"],
  // Before another attempt the client asks the cluster for the server of each slot.
  [/^(MOVED|ASK|CLUSTERDOWN)\b/, "unavailable"],
  [/^(BUSY|TRYAGAIN|MISCONF|ERR max number of clients reached)\b/, "busy"],
  [/^-?OOM\b/, "memory"],
  [/compiling script|Unexpected engine in script shebang/, "old server"],
  [/^WRONGTYPE\b|user_script/, "foreign data"],
  [/^[A-Z]+ /, "rejected"],
];

/** What a client does after a failure. */
export interface Reaction {
  /** Another attempt may succeed. */
  readonly isRetried: boolean;
  /** The connections to the server are closed: the next ones may lead to another server. */
  readonly isDisconnected: boolean;
}

const GIVE_UP: Reaction = { isRetried: false, isDisconnected: false };
const WAIT: Reaction = { isRetried: true, isDisconnected: false };
const RECONNECT: Reaction = { isRetried: true, isDisconnected: true };

const REACTIONS: Readonly<Record<Failure, Reaction>> = {
  authentication: GIVE_UP,
  busy: WAIT,
  closed: GIVE_UP,
  "foreign data": GIVE_UP,
  late: WAIT,
  memory: WAIT,
  misuse: GIVE_UP,
  "not replicated": RECONNECT,
  "old server": GIVE_UP,
  rejected: GIVE_UP,
  unavailable: WAIT,
  "wrong server": RECONNECT,
};

/** Returns the kind of an error. An error that is neither a reply nor the program's is the connection's. */
export function classify(error: unknown): Failure {
  if (error instanceof AttemptTimeout) return "late";
  if (error instanceof TooFewReplicas) return "not replicated";
  if (error instanceof CallAborted) return "closed";
  // The driver reads nested replies by recursion. Arguments are texts and bytes, which are not nested.
  if (error instanceof RangeError && /call stack/.test(error.message)) return "wrong server";
  if (error instanceof TypeError || error instanceof RangeError) return "misuse";
  const message = messageOf(error);
  return REPLIES.find(([start]) => start.test(message))?.[1] ?? "unavailable";
}

/** Returns what a client does after a failure. */
export function reactionTo(failure: Failure): Reaction {
  return REACTIONS[failure];
}

/**
 * Returns the one of two errors of a call that tells its caller most. That is the later one, except:
 * an interruption tells nothing about the server, and a write that too few replicas have confirmed stays
 * stored, whatever prevents further attempts.
 */
export function moreTelling(earlier: unknown, later: unknown): unknown {
  if (earlier === undefined) return later;
  if (later instanceof AttemptInterrupted) return earlier;
  const { isRetried } = reactionTo(classify(later));
  return earlier instanceof TooFewReplicas && isRetried ? earlier : later;
}

/** The message of a failure, without what Redis says about the place in a script. */
export function reasonOf(cause: unknown): string {
  return messageOf(cause).replace(/,? script: [0-9a-f]{40}, on @user_script:\d+\.?/, "");
}
