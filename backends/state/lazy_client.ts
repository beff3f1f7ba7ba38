/**
 * A client that connects with the first call, until its backend is closed.
 *
 * @module
 */

import { closedError } from "./errors.ts";

/** A client that can be closed. */
export interface Closable {
  /** Waits for pending calls, and disconnects. */
  close(): Promise<void>;
}

/** Makes a client when it is first needed. */
export class LazyClient<Client extends Closable> {
  readonly #owner: string;
  readonly #make: () => Promise<Client>;
  #client: Promise<Client> | undefined;
  #closing: Promise<void> | undefined;

  /**
   * @param owner class of the backend, for its error
   * @param make makes the client
   */
  constructor(owner: string, make: () => Promise<Client>) {
    this.#owner = owner;
    this.#make = make;
  }

  /**
   * The client. The first call makes it.
   *
   * @throws {SharedBackendClosedError} after `close()`
   */
  get(): Promise<Client> {
    if (this.#closing === undefined) return this.#client ??= this.#make();
    throw closedError(this.#owner);
  }

  /** Closes the client, if there is one. Later calls do nothing. */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    await (await this.#client)?.close();
  }
}
