/**
 * A connection that is made with the first call, until its backend is closed.
 *
 * @module
 */

import { SharedBackendClosedError } from "./errors.ts";

/** What a backend talks through. */
export interface Closable {
  /** Waits for calls on their way, and ends the connections. */
  close(): Promise<void>;
}

/** Holds a link once it is needed. */
export class LazyClient<Client extends Closable> {
  readonly #owner: string;
  readonly #open: () => Promise<Client>;
  #client: Promise<Client> | undefined;
  #closing: Promise<void> | undefined;

  /** The class that owns it, for its error, and how to make the link. */
  constructor(owner: string, open: () => Promise<Client>) {
    this.#owner = owner;
    this.#open = open;
  }

  /**
   * The link.
   *
   * @throws {SharedBackendClosedError} after `close()`
   */
  get(): Promise<Client> {
    if (this.#closing === undefined) return this.#client ??= this.#open();
    throw new SharedBackendClosedError(
      `cannot use this ${this.#owner}: it is closed; make a new one, or call getSharedBackend()`,
    );
  }

  /** Closes the link, if there is one. More calls do nothing. */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    await (await this.#client)?.close();
  }
}
