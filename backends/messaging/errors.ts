/**
 * The errors of messaging backends.
 *
 * @module
 */

import { RingbusError } from "../../lib/base/errors.ts";

/** Base of the errors of messaging backends. */
export class MessagingError extends RingbusError {
  /** The class name. */
  override name = "MessagingError";
  /** Stable code of the class. */
  override readonly code: string = "messaging-error";
}

/** The server cannot be reached, or the connection to it was lost. */
export class MessagingConnectionError extends MessagingError {
  /** The class name. */
  override name = "MessagingConnectionError";
  /** Stable code of the class. */
  override readonly code: string = "messaging-connection";
  /** Address of the server, such as `"http://localhost:8080"`. */
  readonly address: string;

  /** Makes an error with a message that has the attempt, the address and what to do. */
  constructor(
    attempt: string,
    address: string,
    { advice, ...options }: ErrorOptions & { advice?: string | undefined } = {},
  ) {
    super(`${attempt} at ${address}${advice === undefined ? "" : `; ${advice}`}`, options);
    this.address = address;
  }
}

/** The store rejects a call: an invalid name, message, time to live or kind of key, or a lack of space. */
export class MessagingRefusedError extends MessagingError {
  /** The class name. */
  override name = "MessagingRefusedError";
  /** Stable code of the class. */
  override readonly code: string = "messaging-refused";
}

/** A call on a backend that was closed by `cleanup()`. */
export class MessagingClosedError extends MessagingError {
  /** The class name. */
  override name = "MessagingClosedError";
  /** Stable code of the class. */
  override readonly code: string = "messaging-closed";
}
