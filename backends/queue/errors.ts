/**
 * The errors of message queues. Misuse throws `TypeError` or `RangeError` with the offending value.
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

/** The server cannot be reached, or cannot serve at the moment. */
export class QueueConnectionError extends QueueError {
  /** The class name. */
  override name = "QueueConnectionError";
  /** Stable code of the class. */
  override readonly code: string = "queue-connection";
}

/** The server rejected the user name or the password, or the user lacks a permission. */
export class QueueAuthenticationError extends QueueError {
  /** The class name. */
  override name = "QueueAuthenticationError";
  /** Stable code of the class. */
  override readonly code: string = "queue-authentication";
}

/** The server has no memory left for a message. */
export class QueueOutOfMemoryError extends QueueError {
  /** The class name. */
  override name = "QueueOutOfMemoryError";
  /** Stable code of the class. */
  override readonly code: string = "queue-out-of-memory";
}

/** A call did not finish within `deadlineMs`. It may have been carried out. */
export class QueueTimeoutError extends QueueError {
  /** The class name. */
  override name = "QueueTimeoutError";
  /** Stable code of the class. */
  override readonly code: string = "queue-timeout";
}

/** A write is stored, but fewer than `minReplicas` replicas confirmed it within `deadlineMs`. */
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

/** A payload is not a JSON value, or stored text is not JSON. */
export class QueueSerializationError extends QueueError {
  /** The class name. */
  override name = "QueueSerializationError";
  /** Stable code of the class. */
  override readonly code: string = "queue-serialization";
}

/** The configuration contradicts that of the queue which is on the server, or the server is too old. */
export class QueueConfigurationError extends QueueError {
  /** The class name. */
  override name = "QueueConfigurationError";
  /** Stable code of the class. */
  override readonly code: string = "queue-configuration";
}

/** A channel has `maxItems` messages that are not done, and `whenFull` does not let it drop one. */
export class QueueFullError extends QueueError {
  /** The class name. */
  override name = "QueueFullError";
  /** Stable code of the class. */
  override readonly code: string = "queue-full";
}

/** A message for which `publishAndWait` waited has no result: it is a dead letter, expired, or removed. */
export class QueueJobError extends QueueError {
  /** The class name. */
  override name = "QueueJobError";
  /** Stable code of the class. */
  override readonly code: string = "queue-job";
}

/** Thrown by the handler of a worker: the message becomes a dead letter at once, and is not tried again. */
export class RejectMessage extends QueueError {
  /** The class name. */
  override name = "RejectMessage";
  /** Stable code of the class. */
  override readonly code: string = "queue-reject";
}
