/**
 * Counters and statistics of a TCP server.
 *
 * @module
 */

import type {
  ConnectionCounts,
  ConnectionStatsSource,
  RedisClientInfo,
} from "../../store/connection_stats.ts";
import { COMMAND_BOUNDS_SECONDS, Durations } from "../../store/durations.ts";
import { type RecentError, RecentErrors } from "../../store/recent_errors.ts";
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

/** What is counted of clients that speak another protocol. */
export interface OtherCounts {
  /** Calls by the name of the command. */
  commandCounts(): Record<string, number>;
  durations(): Iterable<readonly [string, Durations]>;
  clients(): IteratorObject<RedisClientInfo>;
  errors(): Iterable<readonly [string, number]>;
  recentErrors(): Iterable<RecentError>;
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
  /** What is counted of clients that speak another protocol. */
  others: OtherCounts | undefined = undefined;
  readonly #commands: ReadonlyMap<Command, { calls: number }>;
  readonly #recentErrors = new RecentErrors();
  readonly #durations = new Map<string, Durations>();

  constructor(commands: readonly Command[]) {
    this.#commands = new Map(commands.map((command) => [command, { calls: 0 }]));
  }

  /** Counts a command. */
  count(command: Command): void {
    this.#commands.get(command)!.calls++;
  }

  /** Adds how long a command took. */
  measured({ name }: Command, milliseconds: number): void {
    let durations = this.#durations.get(name);
    if (durations === undefined) {
      this.#durations.set(name, durations = new Durations(COMMAND_BOUNDS_SECONDS));
    }
    durations.record(milliseconds / 1000);
  }

  durations(): ReadonlyMap<string, Durations> {
    return new Map([...this.#durations, ...this.others?.durations() ?? []]);
  }

  redisClients(): IteratorObject<RedisClientInfo> {
    return this.others?.clients() ?? [].values();
  }

  redisErrors(): Iterable<readonly [string, number]> {
    return this.others?.errors() ?? [];
  }

  *recentErrors(): Generator<RecentError, void, void> {
    yield* this.#recentErrors;
    yield* this.others?.recentErrors() ?? [];
  }

  /** Counts a line with an error. */
  countError(text: string): void {
    this.errors++;
    this.#recentErrors.add("tcp", text);
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
      commands: { ...commands, ...this.others?.commandCounts() },
    };
  }
}
