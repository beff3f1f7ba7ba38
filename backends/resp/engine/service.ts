/**
 * What all clients of a server share.
 *
 * @module
 */

import type { Clock } from "../../../lib/base/clock.ts";
import type { Keyspace, KeyspaceObserver, Kind } from "../../store/keyspace.ts";
import type { Store } from "../../store/store.ts";
import type { SubscriptionQueueOptions } from "../../store/subscription.ts";
import { BlockedCalls } from "./blocked_calls.ts";
import type { ClientState } from "./client_state.ts";
import type { CommandInfo } from "./command_info.ts";
import { CommandStats } from "./command_stats.ts";
import { Config } from "./config.ts";
import { err } from "./errors.ts";
import { ExpiryTimer } from "./expiry_timer.ts";
import { RedisFaults } from "./faults.ts";
import { Monitors } from "./monitors.ts";
import { Notifications, selectedClasses } from "./notifications.ts";
import { Pause } from "./pause.ts";
import type { ErrorReply } from "../protocol/reply.ts";
import type { Channels } from "./subscriber.ts";
import { Slowlog } from "./slowlog.ts";
import { Watches } from "./watches.ts";

/** Limits of the queue of a subscriber. */
export type QueueOptions = Pick<
  SubscriptionQueueOptions,
  "maxQueueLength" | "maxQueueBytes" | "overflow"
>;

/** What a service is made of. */
export interface ServiceOptions {
  readonly store: Store;
  /** Version of Redis that it reports. Commands that came later are unknown. */
  readonly version: string;
  /** Checks the password of a user; undefined: everybody is let in. */
  readonly isPassword: ((user: string, password: string) => boolean) | undefined;
  /** All commands. */
  readonly commands: readonly CommandInfo[];
  /** Names of the users. Default: that of the default user. */
  readonly users?: readonly string[];
  /** Limits of the queues of subscribers. */
  readonly queueOptions?: QueueOptions | undefined;
  /** Most bytes of a reply. Default: no limit. */
  readonly maxReplyBytes?: number | undefined;
}

/** Milliseconds after which clients are told of a script, and may end it. */
const DEFAULT_BUSY_THRESHOLD_MS = 5000;
/** Milliseconds after which a script is ended, also if no client asks for it. */
const DEFAULT_SCRIPT_TIMEOUT_MS = 30_000;

/** The shared state of a server. */
export class Service implements KeyspaceObserver {
  readonly store: Store;
  readonly clock: Clock;
  readonly version: string;
  /** Names of the users. */
  readonly users: readonly string[];
  /** Checks the password of a user; undefined: everybody is let in. */
  isPassword: ServiceOptions["isPassword"];
  readonly commands: readonly CommandInfo[];
  /** Connected clients by id. */
  readonly clients: Map<number, ClientState> = new Map();
  readonly blocked: BlockedCalls;
  readonly watches: Watches = new Watches();
  readonly stats: CommandStats = new CommandStats();
  readonly config: Config = new Config();
  readonly monitors: Monitors = new Monitors();
  readonly slowlog: Slowlog = new Slowlog();
  readonly pause: Pause = new Pause();
  /** Faults that a test asks for. */
  readonly faults: RedisFaults = new RedisFaults();
  /** Hears of each command before it is executed. */
  onCommand: ((words: readonly string[]) => void) | undefined = undefined;
  /** Channels of all protocols, and those of shards. */
  readonly channels: Channels;
  readonly shardChannels: Channels;
  /** Limits of the queues of subscribers. */
  readonly queueOptions: QueueOptions;
  readonly #maxReplyBytes: number;
  /** Identifies a run of the server. */
  readonly runId: string = randomId();
  readonly #notifications: Notifications;
  readonly #expiryTimer: ExpiryTimer;
  readonly startedAtMs: number;
  /** Time of the commands that are executed now, in milliseconds of the store's clock. */
  nowMs: number;
  #lastClientId = 0;
  #isServeScheduled = false;
  /** Milliseconds after which a script is ended. */
  scriptTimeoutMs: number = DEFAULT_SCRIPT_TIMEOUT_MS;
  /** Milliseconds after which other clients are told that a script runs, and may end it. */
  busyThresholdMs: number = DEFAULT_BUSY_THRESHOLD_MS;
  /** While a script runs in turns with others: fulfilled when it has ended. */
  busy: Promise<void> | undefined;
  /** True while a command is executed, after which the calls that wait are attempted. */
  isExecuting = false;

  constructor(options: ServiceOptions) {
    const { store, version, isPassword, commands, queueOptions = {} } = options;
    this.store = store;
    this.clock = store.clock;
    this.version = version;
    this.isPassword = isPassword;
    this.users = options.users ?? ["default"];
    this.commands = commands;
    this.blocked = new BlockedCalls(store.clock);
    this.startedAtMs = this.nowMs = store.clock.now();
    this.queueOptions = queueOptions;
    this.#maxReplyBytes = options.maxReplyBytes ?? Infinity;
    this.channels = { subscriptions: store.subscriptions, message: "message" };
    this.shardChannels = { subscriptions: store.newSubscriptions(), message: "smessage" };
    this.#expiryTimer = new ExpiryTimer(store);
    this.#notifications = new Notifications(store.subscriptions);
    this.#applyConfig();
  }

  #applyConfig(): void {
    const { config, slowlog } = this;
    config.onChange(
      "notify-keyspace-events",
      (classes) => this.#notifications.select(classes),
      selectedClasses,
    );
    for (const name of ["busy-reply-threshold", "lua-time-limit"]) {
      config.onChange(name, (value) => this.busyThresholdMs = Number(value) || Infinity);
    }
    config.onChange("slowlog-log-slower-than", (value) => slowlog.setThreshold(Number(value)));
    config.onChange("slowlog-max-len", (value) => slowlog.maxLength = Number(value));
  }

  /** Begins to hear of changes. */
  start(): void {
    this.store.keyObservers.add(this);
  }

  /** Ends that. */
  stop(): void {
    this.store.keyObservers.delete(this);
    this.#expiryTimer.close();
  }

  /** Reads the clock. The commands that arrive together have one time. */
  readClock(): void {
    this.nowMs = this.clock.now();
  }

  /**
   * The error in place of a reply of so many bytes, if there is no room for it.
   *
   * @param isValue true for one value, which cannot be asked for in parts
   */
  refusalOfReply(bytes: number, isValue = false): ErrorReply | undefined {
    if (bytes > this.#maxReplyBytes) {
      return err(
        `the reply would have ${bytes} bytes, and maxReplyBytes is ${this.#maxReplyBytes}: ` +
          "ask for less at once",
      );
    }
    const { transit } = this.store;
    if (isValue ? transit.hasRoomForValue(bytes) : transit.hasRoom(bytes)) return undefined;
    return err(
      `there is no room for a reply of ${bytes} bytes now: ask for less at once, or raise maxBytes`,
    );
  }

  /** An id for a new client. */
  nextClientId(): number {
    return ++this.#lastClientId;
  }

  /** Forgets a client that has closed its connection. */
  forget(client: ClientState): void {
    this.clients.delete(client.id);
    this.watches.clear(client);
    client.transactionMemory.release();
    client.waitingMemory.release();
    this.monitors.delete(client);
    client.subscriber?.close();
    client.shardSubscriber?.close();
    if (client.blocked !== undefined) this.blocked.remove(client.blocked);
  }

  changed(keys: Keyspace, key: string, event: string | undefined, kind: Kind | undefined): void {
    this.#expiryTimer.update();
    this.watches.changed(keys, key);
    this.blocked.signal(keys, key);
    if (event !== undefined) this.#notifications.publish(keys.index, key, event, kind);
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

function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(20));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
