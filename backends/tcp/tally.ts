/**
 * What a TCP server counts, and what it tells of itself.
 *
 * @module
 */

import type { StoreStats } from "../store/store.ts";
import type { Command } from "./command.ts";
import { COMMANDS } from "./commands.ts";

/** What a TCP server holds and has counted since it was made. */
export interface ServerStats extends StoreStats {
  /** Seconds since it began to listen; 0 while it does not. */
  uptimeSeconds: number;
  /** Connections that are open. */
  connections: number;
  /** Connections that were accepted. */
  accepted: number;
  /** Connections that were refused because there were `maxConnections`. */
  refused: number;
  /** Connections that were closed because nothing came for `idleTimeoutMs`. */
  idled: number;
  /** Lines that were answered with an error. */
  errors: number;
  /** Lines pushed to subscribers. */
  pushes: number;
  /** Bytes that came. */
  bytesReceived: number;
  /** Bytes that went. */
  bytesSent: number;
  /** How often each command came, by name. */
  commands: Record<string, number>;
}

/** The counters of a server. */
export class Tally {
  accepted = 0;
  refused = 0;
  idled = 0;
  errors = 0;
  pushes = 0;
  bytesReceived = 0;
  bytesSent = 0;
  readonly #commands = new Map(COMMANDS.map((command) => [command, { calls: 0 }]));

  /** Counts a command. */
  count(command: Command): void {
    this.#commands.get(command)!.calls++;
  }

  /** The counters, by name. */
  view(): Omit<ServerStats, keyof StoreStats | "uptimeSeconds" | "connections"> {
    const { accepted, refused, idled, errors, pushes, bytesReceived, bytesSent } = this;
    const commands = Object.fromEntries(
      [...this.#commands].map(([{ name }, { calls }]) => [name, calls]),
    );
    return { accepted, refused, idled, errors, pushes, bytesReceived, bytesSent, commands };
  }
}
