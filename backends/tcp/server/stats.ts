/**
 * Counters and statistics of a TCP server.
 *
 * @module
 */

import type { ConnectionCounts, ConnectionStatsSource } from "../../store/connection_stats.ts";
import type { StoreStats } from "../../store/store.ts";
import type { Command } from "./command.ts";

/** Size and counters of a TCP server since it was created. */
export interface ServerStats extends StoreStats, ConnectionCounts {
  /** Seconds since it started to listen; 0 while it does not. */
  uptimeSeconds: number;
  /** Clients that speak RESP. */
  redisClients: number;
  /** How often such clients sent commands that the server does not have, by their names. */
  unknownRedisCommands: Record<string, number>;
}

/** The counters of a server. */
export class ConnectionStats implements ConnectionStatsSource {
  connections = 0;
  accepted = 0;
  refused = 0;
  idled = 0;
  errors = 0;
  pushes = 0;
  bytesReceived = 0;
  bytesSent = 0;
  /** Calls by the name of the command, of clients that speak another protocol. */
  otherCommands: () => Record<string, number> = () => ({});
  readonly #commands: ReadonlyMap<Command, { calls: number }>;

  constructor(commands: readonly Command[]) {
    this.#commands = new Map(commands.map((command) => [command, { calls: 0 }]));
  }

  /** Counts a command. */
  count(command: Command): void {
    this.#commands.get(command)!.calls++;
  }

  /** The current counters. */
  snapshot(): ConnectionCounts {
    const commands = Object.fromEntries(
      [...this.#commands].map(([{ name }, { calls }]) => [name, calls]),
    );
    const { connections, accepted, refused, idled, errors, pushes } = this;
    const { bytesReceived, bytesSent } = this;
    return {
      connections,
      accepted,
      refused,
      idled,
      errors,
      pushes,
      bytesReceived,
      bytesSent,
      commands: { ...commands, ...this.otherCommands() },
    };
  }
}
