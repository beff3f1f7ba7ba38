/**
 * What goes wrong between a messaging backend and its store.
 *
 * @module
 */

/** Base of the errors of messaging backends. */
export class MessagingError extends Error {
  /** The class name. */
  override name = "MessagingError";
}

/** The server cannot be reached, or the connection to it was lost. */
export class MessagingConnectionError extends MessagingError {
  /** The class name. */
  override name = "MessagingConnectionError";
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
}

/** The backend was closed by `cleanup()`, and is used after that. */
export class MessagingClosedError extends MessagingError {
  /** The class name. */
  override name = "MessagingClosedError";
}
