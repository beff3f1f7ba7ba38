/**
 * RESP as one of the protocols of a server: it makes what the connections share.
 *
 * @module
 */

import type { RedisClientInfo, RedisClientState } from "../../store/connection_stats.ts";
import type { Durations } from "../../store/durations.ts";
import type { RecentError } from "../../store/recent_errors.ts";
import type { Store } from "../../store/store.ts";
import { COMMANDS } from "../commands/mod.ts";
import type { ClientState } from "../engine/client_state.ts";
import { CommandTable } from "../engine/command_table.ts";
import { Dispatcher } from "../engine/dispatcher.ts";
import { type QueueOptions, Service } from "../engine/service.ts";
import { RespConnection, type RespContext } from "./connection.ts";
import { LocalClient } from "./local_client.ts";

/** Version of Redis that a server reports. */
export const DEFAULT_VERSION = "7.4.0";

/** As in Redis, a subscriber loses no message while it is connected. */
const DEFAULT_QUEUE: QueueOptions = {
  maxQueueLength: Infinity,
  maxQueueBytes: 32 * 2 ** 20,
  overflow: "disconnect",
};

/** What a server has for its clients of RESP. */
export interface RespFrontOptions {
  readonly store: Store;
  /** Compares a password with that of a user; undefined: everybody is let in. */
  readonly isPassword: ((user: string, password: string) => boolean) | undefined;
  /** Passwords by the names of users. */
  readonly users?: Readonly<Record<string, string>> | undefined;
  /** Version of Redis that it reports. */
  readonly version?: string | undefined;
  readonly queueOptions: QueueOptions;
  readonly scriptTimeoutMs?: number | undefined;
  readonly maxBulkBytes: number;
  readonly maxPendingBytes: number;
  readonly onReceived: (bytes: number) => void;
  readonly onSent: (bytes: number) => void;
}

/** The clients of one server that speak RESP. */
export class RespFront {
  readonly service: Service;
  readonly #context: RespContext;
  /** A client in this process. */
  readonly local: LocalClient;

  constructor(options: RespFrontOptions) {
    const { store, isPassword, version = DEFAULT_VERSION, onReceived, onSent } = options;
    const queueOptions = { ...DEFAULT_QUEUE, ...given(options.queueOptions) };
    const table = new CommandTable(COMMANDS, version);
    this.service = new Service({
      store,
      isPassword,
      users: ["default", ...Object.keys(options.users ?? {}).filter((user) => user !== "default")],
      version,
      commands: table.commands,
      queueOptions,
      maxReplyBytes: options.maxPendingBytes,
    });
    this.service.scriptTimeoutMs = options.scriptTimeoutMs ?? this.service.scriptTimeoutMs;
    const dispatcher = new Dispatcher(this.service, table);
    this.local = new LocalClient(this.service, dispatcher);
    this.#context = { service: this.service, dispatcher, limits: options, onReceived, onSent };
  }

  /** A connection that has sent some bytes. */
  open(conn: Deno.TcpConn, first: Uint8Array): RespConnection {
    return new RespConnection(conn, this.#context, first);
  }

  /** Calls by command, those of commands that the server does not have among them. */
  commandCounts(): Record<string, number> {
    const { byName, unknown } = this.service.stats;
    const known = [...byName].map(([name, { calls }]) => [`redis ${name}`, calls]);
    const missed = [...unknown].map((
      [name, calls],
    ) => [`redis ${printable(name)} (unknown)`, calls]);
    return Object.fromEntries([...known, ...missed]);
  }

  /** How long commands took that were measured, by the names of the counters. */
  durations(): IteratorObject<readonly [string, Durations]> {
    return this.service.stats.byName.entries()
      .filter(([, { durations }]) => durations.count > 0)
      .map(([name, { durations }]) => [`redis ${name}`, durations] as const);
  }

  /** The clients that are connected. */
  clients(): IteratorObject<RedisClientInfo> {
    const nowMs = this.service.clock.now();
    return this.service.clients.values().map((client) => infoOf(client, nowMs));
  }

  /** Error replies by code. */
  errors(): Iterable<readonly [string, number]> {
    return this.service.stats.errors;
  }

  /** The last error replies. */
  recentErrors(): Iterable<RecentError> {
    return this.service.stats.recentErrors;
  }

  /** Begins to hear of changes of the store. */
  start(): void {
    this.service.start();
  }

  /** Ends that, after the script that runs. */
  async stop(): Promise<void> {
    await this.service.busy;
    this.service.stop();
  }
}

function infoOf(client: ClientState, nowMs: number): RedisClientInfo {
  return {
    id: client.id,
    name: client.name,
    address: client.output.address,
    user: client.user,
    database: client.db.index,
    ageSeconds: Math.max(0, nowMs - client.createdAtMs) / 1000,
    idleSeconds: Math.max(0, nowMs - client.usedAtMs) / 1000,
    lastCommand: client.lastCommand,
    commands: client.commandCount,
    subscriptions: client.subscriptionCount,
    state: stateOf(client),
  };
}

function stateOf({ isMonitor, blocked, subscriptionCount }: ClientState): RedisClientState {
  if (isMonitor) return "monitor";
  if (blocked !== undefined) return "blocked";
  return subscriptionCount > 0 ? "subscribed" : "normal";
}

/** A name that a client has chosen, for a label. */
function printable(name: string): string {
  return name.replace(/[^!-~]/g, "?");
}

/** The options that are given. */
function given(options: QueueOptions): QueueOptions {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries);
}
