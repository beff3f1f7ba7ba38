/**
 * What goes wrong with shared state. Misuse throws `TypeError` or `RangeError` with the offending value.
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

/** A thread has as many slots as it may, or there are as many threads as there may be. */
export class SharedBackendLimitError extends SharedBackendError {
  /** The class name. */
  override name = "SharedBackendLimitError";
  /** Stable code of the class. */
  override readonly code: string = "state-limit";
  /** The limit that was reached. */
  readonly limit: number;

  /** Tells what was attempted; the message has the limit in it. */
  constructor(message: string, limit: number) {
    super(message);
    this.limit = limit;
  }
}

/** The server behind a backend cannot be reached, does not let us in, or the connection to it was lost. */
export class SharedBackendConnectionError extends SharedBackendError {
  /** The class name. */
  override name = "SharedBackendConnectionError";
  /** Stable code of the class. */
  override readonly code: string = "state-connection";
}

/** The backend is closed, and used after that. */
export class SharedBackendClosedError extends SharedBackendError {
  /** The class name. */
  override name = "SharedBackendClosedError";
  /** Stable code of the class. */
  override readonly code: string = "state-closed";
}

/** A value cannot be made a slot, or a slot's bytes are no value. */
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
