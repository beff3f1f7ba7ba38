/**
 * The errors of message queues: one small class for each thing that can go wrong outside of the
 * program. Misuse throws `TypeError` or `RangeError` with the offending value.
 *
 * @module
 */

import { RingbusError } from "../../lib/base/errors.ts";

/** Base of every error that a queue throws for a reason other than misuse. */
export class QueueError extends RingbusError {
  /** The class name. */
  override name = "QueueError";
  /** Stable code of the class. */
  override readonly code: string = "queue-error";
}

/** The server cannot be reached, or is not able to serve at the moment. */
export class QueueConnectionError extends QueueError {
  /** The class name. */
  override name = "QueueConnectionError";
  /** Stable code of the class. */
  override readonly code: string = "queue-connection";
}

/** The server refused the user name, the password, or what the user may do. */
export class QueueAuthenticationError extends QueueError {
  /** The class name. */
  override name = "QueueAuthenticationError";
  /** Stable code of the class. */
  override readonly code: string = "queue-authentication";
}

/** The server has no memory left for what was to be stored. */
export class QueueOutOfMemoryError extends QueueError {
  /** The class name. */
  override name = "QueueOutOfMemoryError";
  /** Stable code of the class. */
  override readonly code: string = "queue-out-of-memory";
}

/** A call did not finish within `deadlineMs`: it may have been done, or not. */
export class QueueTimeoutError extends QueueError {
  /** The class name. */
  override name = "QueueTimeoutError";
  /** Stable code of the class. */
  override readonly code: string = "queue-timeout";
}

/** The write is done, but fewer replicas than `minReplicas` confirmed it within `deadlineMs`. */
export class QueueReplicationError extends QueueError {
  /** The class name. */
  override name = "QueueReplicationError";
  /** Stable code of the class. */
  override readonly code: string = "queue-replication";
}

/** The queue was not initialized, or is closed. */
export class QueueNotInitializedError extends QueueError {
  /** The class name. */
  override name = "QueueNotInitializedError";
  /** Stable code of the class. */
  override readonly code: string = "queue-not-initialized";
}

/** A payload is no JSON value, or stored bytes are none. */
export class QueueSerializationError extends QueueError {
  /** The class name. */
  override name = "QueueSerializationError";
  /** Stable code of the class. */
  override readonly code: string = "queue-serialization";
}

/** What the server has belongs to a queue that was configured in another way. */
export class QueueConfigurationError extends QueueError {
  /** The class name. */
  override name = "QueueConfigurationError";
  /** Stable code of the class. */
  override readonly code: string = "queue-configuration";
}
