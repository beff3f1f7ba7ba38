/**
 * What goes wrong between a messaging backend and its store.
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
  /** Where the server was looked for, such as `"http://localhost:8080"`. */
  readonly address: string;

  /** Tells what was attempted at an address; the message has the address in it. */
  constructor(attempt: string, address: string, options?: ErrorOptions) {
    super(`${attempt} at ${address}`, options);
    this.address = address;
  }
}

/** The store refuses a call: a name, a message, a time to live, a kind of key, or for lack of room. */
export class MessagingRefusedError extends MessagingError {
  /** The class name. */
  override name = "MessagingRefusedError";
  /** Stable code of the class. */
  override readonly code: string = "messaging-refused";
}

/** The backend was closed by `cleanup()`, and is used after that. */
export class MessagingClosedError extends MessagingError {
  /** The class name. */
  override name = "MessagingClosedError";
  /** Stable code of the class. */
  override readonly code: string = "messaging-closed";
}
