/**
 * The errors of shared state. Misuse throws `TypeError` or `RangeError` with the offending value.
 *
 * @module
 */

import { RingbusError } from "../../lib/base/errors.ts";

/** Base of the errors of shared-state backends. */
export class SharedBackendError extends RingbusError {
  /** The class name. */
  override name = "SharedBackendError";
  /** Stable code of the class. */
  override readonly code: string = "state-error";
}

/** A thread has `maxSlotsPerThread` slots, or there are `maxThreads` threads. */
export class SharedBackendLimitError extends SharedBackendError {
  /** The class name. */
  override name = "SharedBackendLimitError";
  /** Stable code of the class. */
  override readonly code: string = "state-limit";
  /** The limit that was reached. */
  readonly limit: number;

  /** Makes an error with a message that contains the limit. */
  constructor(message: string, limit: number) {
    super(message);
    this.limit = limit;
  }
}

/** The server of a backend cannot be reached, rejects the client, or the connection was lost. */
export class SharedBackendConnectionError extends SharedBackendError {
  /** The class name. */
  override name = "SharedBackendConnectionError";
  /** Stable code of the class. */
  override readonly code: string = "state-connection";
}

/** A call on a backend that is closed. */
export class SharedBackendClosedError extends SharedBackendError {
  /** The class name. */
  override name = "SharedBackendClosedError";
  /** Stable code of the class. */
  override readonly code: string = "state-closed";
}

/** A value cannot be encoded as a slot, or the bytes of a slot cannot be decoded. */
export class SlotSerializationError extends SharedBackendError {
  /** The class name. */
  override name = "SlotSerializationError";
  /** Stable code of the class. */
  override readonly code: string = "state-serialization";
}

/** The error of a call on a closed backend of a class. */
export function closedError(className: string): SharedBackendClosedError {
  return new SharedBackendClosedError(
    `cannot use this ${className}: it is closed; make a new one, or call getSharedBackend()`,
  );
}
