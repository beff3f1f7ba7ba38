/**
 * The errors of message queues: one small class for each thing that can go wrong outside of the
 * program. Misuse throws `TypeError` or `RangeError` with the offending value.
 *
 * @module
 */

/** Base of every error that a queue throws for a reason other than misuse. */
export class QueueError extends Error {
  /** The class name. */
  override name = "QueueError";
}

/** The server cannot be reached, or is not able to serve at the moment. */
export class QueueConnectionError extends QueueError {
  /** The class name. */
  override name = "QueueConnectionError";
}

/** The server refused the user name, the password, or what the user may do. */
export class QueueAuthenticationError extends QueueError {
  /** The class name. */
  override name = "QueueAuthenticationError";
}

/** The server has no memory left for what was to be stored. */
export class QueueOutOfMemoryError extends QueueError {
  /** The class name. */
  override name = "QueueOutOfMemoryError";
}

/** A call did not finish within `deadlineMs`: it may have been done, or not. */
export class QueueTimeoutError extends QueueError {
  /** The class name. */
  override name = "QueueTimeoutError";
}

/** The write is done, but fewer replicas than `minReplicas` confirmed it within `deadlineMs`. */
export class QueueReplicationError extends QueueError {
  /** The class name. */
  override name = "QueueReplicationError";
}

/** The queue was not initialized, or is closed. */
export class QueueNotInitializedError extends QueueError {
  /** The class name. */
  override name = "QueueNotInitializedError";
}

/** A payload is no JSON value, or stored bytes are none. */
export class QueueSerializationError extends QueueError {
  /** The class name. */
  override name = "QueueSerializationError";
}

/** What the server has belongs to a queue that was configured in another way. */
export class QueueConfigurationError extends QueueError {
  /** The class name. */
  override name = "QueueConfigurationError";
}
