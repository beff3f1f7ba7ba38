/**
 * What all clients of a server share.
 *
 * @module
 */

import type { Clock } from "../../../lib/base/clock.ts";
import type { Keyspace, KeyspaceObserver, Kind } from "../../store/keyspace.ts";
import type { Store } from "../../store/store.ts";
import { BlockedCalls } from "./blocked_calls.ts";
import type { ClientState } from "./client_state.ts";
import type { CommandInfo } from "./command_info.ts";
import { CommandStats } from "./command_stats.ts";
import { Watches } from "./watches.ts";

/** What a service is made of. */
export interface ServiceOptions {
  readonly store: Store;
  /** Version of Redis that it reports. Commands that came later are unknown. */
  readonly version: string;
  /** Checks the password of a user; undefined: everybody is let in. */
  readonly isPassword: ((user: string, password: string) => boolean) | undefined;
  /** All commands. */
  readonly commands: readonly CommandInfo[];
}

/** The shared state of a server. */
export class Service implements KeyspaceObserver {
  readonly store: Store;
  readonly clock: Clock;
  readonly version: string;
  readonly isPassword: ServiceOptions["isPassword"];
  readonly commands: readonly CommandInfo[];
  /** Connected clients by id. */
  readonly clients: Map<number, ClientState> = new Map();
  readonly blocked: BlockedCalls;
  readonly watches: Watches = new Watches();
  readonly stats: CommandStats = new CommandStats();
  readonly startedAtMs: number;
  #lastClientId = 0;
  #isServeScheduled = false;
  /** True while a command is executed, after which the calls that wait are attempted. */
  isExecuting = false;

  constructor({ store, version, isPassword, commands }: ServiceOptions) {
    this.store = store;
    this.clock = store.clock;
    this.version = version;
    this.isPassword = isPassword;
    this.commands = commands;
    this.blocked = new BlockedCalls(store.clock);
    this.startedAtMs = store.clock.now();
  }

  /** Begins to hear of changes. */
  start(): void {
    this.store.keyObservers.add(this);
  }

  /** Ends that. */
  stop(): void {
    this.store.keyObservers.delete(this);
  }

  /** An id for a new client. */
  nextClientId(): number {
    return ++this.#lastClientId;
  }

  /** Forgets a client that has closed its connection. */
  forget(client: ClientState): void {
    this.clients.delete(client.id);
    this.watches.clear(client);
    if (client.blocked !== undefined) this.blocked.remove(client.blocked);
  }

  changed(keys: Keyspace, key: string, _event: string | undefined, _kind: Kind | undefined): void {
    this.watches.changed(keys, key);
    this.blocked.signal(keys, key);
    if (this.blocked.isDue && !this.isExecuting) this.#scheduleServe();
  }

  /** For changes by other protocols and by the clock. */
  #scheduleServe(): void {
    if (this.#isServeScheduled) return;
    this.#isServeScheduled = true;
    queueMicrotask(() => {
      this.#isServeScheduled = false;
      this.blocked.serve();
    });
  }
}
