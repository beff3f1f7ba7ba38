/**
 * The HTTP server.
 *
 * @module
 */

import { lazyPart } from "../../../lib/base/descriptors.ts";
import { logger } from "../../../lib/base/log.ts";
import { endingTurn } from "../../../lib/base/turn.ts";
import type { Clock } from "../../../lib/base/clock.ts";
import { checkNoMore } from "../../../lib/base/checks.ts";
import {
  callback,
  directoryPath,
  instanceOf,
  object,
  objectWith,
} from "../../../lib/base/option_checks.ts";
import { type OptionChecks, OptionRules } from "../../../lib/base/option_rules.ts";
import { formatValue } from "../../../lib/base/options.ts";
import { checkClock } from "../../../lib/base/clock_option.ts";
import { checkHost, checkHostName, checkPort, urlOf } from "../../hosting/endpoint.ts";
import type { RequestObserver } from "../../hosting/observer.ts";
import { graceMsOf, reportDropped, runTask, type StopOptions } from "../../hosting/stop.ts";
import { QUEUE_CHECKS, queueOptionsOf, storeOf } from "../../hosting/store_options.ts";
import { guardMemory } from "../../hosting/memory_guard.ts";
import { checkToken } from "../../hosting/token.ts";
import {
  checkLimit,
  DEFAULT_MAX_BODY_BYTES,
  DEFAULT_MAX_SUBSCRIBERS,
  DEFAULT_SUBSCRIBER_IDLE_SECONDS,
} from "../../store/limits.ts";
import { Store } from "../../store/store.ts";
import type { OverflowPolicy } from "../../store/subscription.ts";
import type { MessageQueue } from "../../queue/types.ts";
import type { SharedBackend } from "../../state/types.ts";
import { STEP_SECONDS } from "../dashboard/history.ts";
import type { ChannelDirectory } from "../machine/machine.ts";
import { Auth } from "./auth.ts";
import { Listener } from "./listener.ts";
import { type SubscriberLimits, SubscriberQuota } from "./subscriber_quota.ts";
import { Service } from "./service.ts";

/** Address, token and limits of a server, as plain data. */
export interface SharedMemoryServerConfig {
  /** Name or address to listen on. Other than loopback needs a token. Default: `"127.0.0.1"`. */
  host?: string | undefined;
  /** Port to listen on; 0 selects a free one. Default: 0. */
  port?: number | undefined;
  /** Token that clients must send as `Authorization: Bearer`. Default: none, for local clients. */
  token?: string | undefined;
  /** Most messages of a topic. Not together with `store`. Default: no limit. */
  maxMessagesPerTopic?: number | undefined;
  /** Most bytes of topics and keys together. Not together with `store`. Default: no limit. */
  maxBytes?: number | undefined;
  /** Most different patterns of all subscribers together. Not together with `store`. Default: 10,000. */
  maxPatterns?: number | undefined;
  /** Largest body of a request, in bytes. Default: 16 MiB. */
  maxBodyBytes?: number | undefined;
  /** Most subscribers at once, those that poll and event streams together. Default: 10,000. */
  maxSubscribers?: number | undefined;
  /** Most entries in the queue of a subscriber. Default: 10,000. */
  maxQueueLength?: number | undefined;
  /** Most bytes in the queue of a subscriber. Default: 64 MiB. */
  maxQueueBytes?: number | undefined;
  /** What happens when a queue is full. Default: `"dropOldest"`. */
  overflow?: OverflowPolicy | undefined;
  /** Seconds without a poll after which a subscriber is removed. Default: 300. */
  subscriberIdleSeconds?: number | undefined;
}

/** The channels that a server shows. */
export interface ShownChannels {
  /** Directory of the segments. Default: `RINGBUS_DIR`, or the user's own. */
  dir?: string | undefined;
}

/** Options of a server. */
export interface SharedMemoryServerOptions extends SharedMemoryServerConfig {
  /** The store, to share it with other servers and backends. Default: a new store. */
  store?: Store | undefined;
  /**
   * Clock of a new store, for tests: one with timers such as `SteppableClock`, or a function that returns
   * milliseconds of the Unix epoch. Default: a monotonic clock.
   */
  clock?: (Clock | (() => number)) | undefined;
  /**
   * Message queues that `/metrics` and the dashboard show, by the names that they have there. They must be
   * initialized, and stay open. With a token, the dashboard also changes them. Default: none.
   */
  queues?: Readonly<Record<string, MessageQueue>> | undefined;
  /**
   * Whether `/metrics` and the dashboard show the channels of this machine: `true` for those of the directory
   * that `RINGBUS_DIR` names, or of the user's own, or `{ dir }` for those of another one. Reading them needs
   * `--allow-ffi`, and takes part in none of them. Deaths of their participants are counted until `unref()` is
   * called. Default: false.
   */
  channels?: boolean | ShownChannels | undefined;
  /**
   * Shared states that the dashboard shows, by the names that they have there. They stay open. Default: none.
   */
  states?: Readonly<Record<string, SharedBackend>> | undefined;
  /** Called for each request, such as `traceRequests()` of `./otel`. Default: none. */
  onRequest?: RequestObserver | undefined;
}

/** The checks of `SharedMemoryServerConfig`. */
export const CONFIG_CHECKS: OptionChecks<SharedMemoryServerConfig> = {
  host: checkHostName,
  port: checkPort,
  token: checkToken,
  maxMessagesPerTopic: checkLimit,
  maxBytes: checkLimit,
  maxPatterns: checkLimit,
  maxBodyBytes: checkLimit,
  maxSubscribers: checkLimit,
  subscriberIdleSeconds: checkIdleSeconds,
  ...QUEUE_CHECKS,
};
/** A message queue. Its class is not needed here. */
const QUEUE = objectWith<MessageQueue>(
  "channels",
  "stats",
  "list",
  "getPending",
  "getDeadLetters",
  "requeue",
  "reject",
  "purge",
  "pause",
  "resume",
);

/** Options of a server. */
export const SERVER_OPTIONS = new OptionRules<SharedMemoryServerOptions>(
  "new SharedMemoryServer()",
  {
    ...CONFIG_CHECKS,
    store: instanceOf(() => Store),
    clock: checkClock,
    queues: checkQueues,
    channels: checkChannels,
    states: checkStates,
    onRequest: callback,
  },
);

function checkQueues(name: string, value: unknown): Readonly<Record<string, MessageQueue>> {
  const queues = object<Record<string, MessageQueue>>(name, value);
  for (const [key, queue] of Object.entries(queues)) QUEUE(`${name}.${key}`, queue);
  return queues;
}

const CHANNELS = new OptionRules<ShownChannels>("the option channels", { dir: directoryPath });

function checkChannels(name: string, value: unknown): boolean | ShownChannels {
  if (typeof value === "boolean") return value;
  const channels = object<ShownChannels>(name, value);
  CHANNELS.check(channels);
  return channels;
}

const machine = lazyPart(() => import("../machine/machine.ts"));

/** The channels that a server shows; undefined if it shows none. */
async function machineOf(
  channels: boolean | ShownChannels = false,
): Promise<ChannelDirectory | undefined> {
  if (channels === false) return undefined;
  const { ChannelDirectory } = await machine((problem) =>
    new Error(`cannot show the channels of this machine: ${problem}`)
  );
  return new ChannelDirectory(channels === true ? undefined : channels.dir);
}

/** A shared state. Its class is not needed here. */
const STATE = objectWith<SharedBackend>(
  "info",
  "bufferListThreads",
  "bufferThreadLen",
  "registryListAll",
);

function checkStates(name: string, value: unknown): Readonly<Record<string, SharedBackend>> {
  const states = object<Record<string, SharedBackend>>(name, value);
  for (const [key, state] of Object.entries(states)) STATE(`${name}.${key}`, state);
  return states;
}

const MAX_SWEEP_INTERVAL_MS = 10_000;

/** A server that listens. */
interface Listening {
  readonly url: string;
  unref(): void;
  stop(graceMs: number): Promise<void>;
}

/**
 * An HTTP server of messages by topic, subscriptions, and values by key. It keeps all data in memory.
 *
 * @example
 * ```ts
 * import { SharedMemoryMessagingBackend, SharedMemoryServer } from "@ringbus/ringbus/http";
 *
 * await using server = new SharedMemoryServer();
 * const serverUrl = await server.start();
 *
 * await using backend = new SharedMemoryMessagingBackend({ serverUrl });
 * await backend.set("greeting", "hello");
 * console.log(await (await fetch(`${serverUrl}/get/greeting`)).json()); // { value: "hello" }
 * ```
 */
export class SharedMemoryServer implements AsyncDisposable {
  readonly #options: SharedMemoryServerOptions;
  readonly #host: string;
  readonly #store: Store;
  readonly #maxBodyBytes: number;
  readonly #limits: SubscriberLimits;
  #starting: Promise<Listening> | undefined;
  #stopping: Promise<void> = Promise.resolve();
  #isUnref = false;

  /**
   * Prepares a server, and does no input or output.
   *
   * @throws {TypeError} if the host is not loopback and there is no token, or an option is invalid
   * @throws {RangeError} if a port or a limit is out of range
   */
  constructor(options: SharedMemoryServerOptions = {}) {
    checkNoMore("new SharedMemoryServer()", arguments, 1);
    SERVER_OPTIONS.check(options);
    this.#options = options;
    this.#host = checkHost(options.host, options.token);
    this.#store = storeOf(options);
    this.#maxBodyBytes = options.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES;
    this.#limits = limitsOf(options);
  }

  /** The store that it serves. */
  get store(): Store {
    return this.#store;
  }

  /**
   * Starts to listen, and returns the URL. Does nothing else if it listens already.
   *
   * @throws {Deno.errors.AddrInUse} if another process listens on the port
   */
  async start(): Promise<string> {
    checkNoMore("start()", arguments, 0, "new SharedMemoryServer() with options");
    const starting = this.#starting ??= this.#listen();
    try {
      return (await starting).url;
    } catch (error) {
      if (this.#starting === starting) this.#starting = undefined;
      throw error;
    }
  }

  /**
   * Lets the program end while the server listens, unless something else keeps the program alive. A
   * server that a backend has started does so by itself.
   */
  unref(): void {
    this.#isUnref = true;
    this.#starting?.then((listening) => listening.unref(), () => {});
  }

  /**
   * Responds to waiting polls and to the requests that have arrived, sends the remaining entries of event
   * streams, closes all connections and stops listening: within `graceMs`, whatever clients do. A further
   * call waits for the same.
   *
   * @throws {RangeError} if `graceMs` is out of range
   */
  async stop(options?: StopOptions): Promise<void> {
    checkNoMore("stop()", arguments, 1);
    const graceMs = graceMsOf(options);
    const starting = this.#starting;
    this.#starting = undefined;
    if (starting !== undefined) this.#stopping = stopListening(starting, graceMs);
    await endingTurn(this.#stopping);
  }

  /** Deletes all messages and keys; subscriptions stay. */
  cleanup(): void {
    this.#store.clear();
  }

  /** The same as `stop()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #listen(): Promise<Listening> {
    await this.#stopping;
    const store = this.#store;
    const auth = new Auth(this.#host, this.#options.token);
    await using opened = new AsyncDisposableStack();
    const machine = opened.use(await machineOf(this.#options.channels));
    const service = new Service(store, auth, this.#limits, {
      maxBodyBytes: this.#maxBodyBytes,
      onRequest: this.#options.onRequest,
      queues: this.#options.queues,
      machine,
      states: this.#options.states,
    });
    const listener = new Listener({
      host: this.#host,
      port: this.#options.port ?? 0,
      handle: (request, sent) => service.handle(request, sent),
    });
    const endGuard = guardMemory(store);
    const sweepMs = Math.min(this.#limits.idleSeconds * 500, MAX_SWEEP_INTERVAL_MS);
    const timer = setInterval(
      () => runTask("removing what has expired", () => service.sweep()),
      sweepMs,
    );
    const endRecording = startRecording(service);
    const unref = () => {
      Deno.unrefTimer(timer);
      listener.unref();
      machine?.unref();
    };
    if (this.#isUnref) unref();
    const ending = opened.move();
    return {
      url: urlOf("http", this.#host, listener.port),
      unref,
      async stop(graceMs) {
        clearInterval(timer);
        endRecording();
        endGuard();
        service.clear();
        await ending.disposeAsync();
        await listener.stop(graceMs);
        reportDropped(store, service.unsent);
      },
    };
  }
}

/** Keeps the history of the dashboard. Returns what ends that. */
function startRecording(service: Service): () => void {
  const record = () => {
    service.record().catch((error) => {
      logger.error("keeping the history of the dashboard failed: {error}", { error });
    });
  };
  record();
  const timer = setInterval(record, STEP_SECONDS * 1000);
  Deno.unrefTimer(timer);
  return () => clearInterval(timer);
}

async function stopListening(starting: Promise<Listening>, graceMs: number): Promise<void> {
  const listening = await starting.catch(() => undefined);
  await listening?.stop(graceMs);
}

function limitsOf(options: SharedMemoryServerOptions): SubscriberLimits {
  return {
    queue: queueOptionsOf(options),
    idleSeconds: options.subscriberIdleSeconds ?? DEFAULT_SUBSCRIBER_IDLE_SECONDS,
    quota: new SubscriberQuota(options.maxSubscribers ?? DEFAULT_MAX_SUBSCRIBERS),
  };
}

function checkIdleSeconds(name: string, seconds: unknown): number {
  if (typeof seconds === "number" && seconds > 0) return seconds;
  throw new RangeError(`${name} must be more than 0, not ${formatValue(seconds)}`);
}
