/**
 * Services beside the store that a TCP server offers, with commands of their own.
 *
 * @module
 */

import type { Command } from "./command.ts";

/** One client's session of a service. */
export interface ServiceSession {
  /** Throws `InvalidInputError` unless the client may use the service. */
  authorize(): void;
  /** Ends the session: the connection is closed. */
  close(): void;
}

/** A service that registers its commands with a TCP server, such as `StateHost`. */
export interface CommandService {
  /**
   * Its commands. They run with the session that `openSession` returned.
   * @internal
   */
  readonly commands: readonly Command<ServiceSession>[];
  /**
   * Opens a session for a connection, at its first command of the service.
   * @internal
   */
  openSession(): ServiceSession;
}
