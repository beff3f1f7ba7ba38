/**
 * The messaging backend in memory that processes share: no server, and no one to be started first.
 *
 * @module
 */

import { ShmConnectionError, ShmCorruptionError, ShmError } from "../../../lib/base/errors.ts";
import { Journal } from "../../../lib/journal/journal.ts";
import { logger } from "../../../lib/base/log.ts";
import type { Message } from "../../../lib/message/message.ts";
import { checkName as checkChannelName, formatValue } from "../../../lib/base/options.ts";
import type { MessagingBackendOptions, RedisLikeBackend, StoreMessageOptions } from "../backend.ts";
import { mapStoreErrors } from "../base.ts";
import { MessagingConnectionError, MessagingRefusedError } from "../errors.ts";
import { StoreMessagingBackend } from "../store_backend.ts";
import { checkLimit, MAX_PATTERN_LENGTH } from "../../store/limits.ts";
import { checkName, checkTtl } from "../../store/names.ts";
import type { Store } from "../../store/store.ts";
import { parseMessage } from "../../store/stored_message.ts";
import { checkKey, valueFrom, valueToJson } from "../../store/value.ts";
import { encodeOperation, FORMAT, type OperationName, type Operations } from "./operation.ts";
import { type Limits, Replica } from "./replica.ts";

const DEFAULT_MAX_BYTES = 64 * 2 ** 20;
/** A file of a journal ends at 4 GiB, and holds more than the messages. */
const LARGEST_MAX_BYTES = 2 ** 30;

/** Options of a backend in shared memory. */
export interface ShmMessagingBackendOptions extends MessagingBackendOptions {
  /** Name of what is shared: all backends with the same name and directory see the same. */
  name: string;
  /** Directory of the segments; left out, `RINGBUS_DIR` or the user's own. */
  dir?: string;
  /** Keeps everything when the last backend is closed. Takes effect when the first one attaches. */
  persist?: boolean;
  /**
   * Most bytes that all messages and keys take together, up to 1 GiB; 64 MiB when left out, or what the
   * first backend said. The messages stored first are evicted, and a key is refused when no message is
   * left.
   */
  maxBytes?: number;
  /**
   * Most messages that a topic keeps: the oldest by id time are evicted. Unlimited when left out, or
   * what the first backend said.
   */
  maxMessagesPerTopic?: number;
  /** Milliseconds of the Unix epoch, for tests of times to live; `Date.now` when left out. */
  clock?: () => number;
}

/** What all backends of one name hold together. */
export interface ShmMessagingStats {
  /** Topics that have messages. */
  topics: number;
  /** Messages in all topics. */
  messages: number;
  /** Keys of strings, hashes and sets. */
  keys: number;
  /** Bytes that messages and keys take of `maxBytes`. */
  bytes: number;
  /** Bytes of shared memory in use. */
  sharedBytes: number;
  /** Messages ever stored. */
  stored: number;
  /** Messages removed to keep within `maxBytes` or `maxMessagesPerTopic`. */
  evicted: number;
  /** Messages and keys removed because their time was over. */
  expired: number;
}

/** An attached member of the journal. */
interface Attached {
  readonly journal: Journal;
  readonly replica: Replica;
}

/**
 * Stores messages in memory that the processes of one machine share. There is no server: who stores
 * appends to a journal, and every backend reads all of it into a store of its own, so that reading costs
 * no more than in memory. Needs `--allow-ffi`.
 *
 * A process may be killed at any instant: what it had stored stays, what it had not is not there. The
 * last backend to close deletes everything, unless `persist` says otherwise; when all were killed, the
 * next one finds what they left.
 *
 * @example
 * ```ts ignore
 * import { GemstoneGenerator, Message, ShmMessagingBackend } from "@ringbus/ringbus";
 *
 * await using backend = new ShmMessagingBackend({ name: "crew" });
 * await using other = new ShmMessagingBackend({ name: "crew" }); // in any process
 *
 * const seen = Promise.withResolvers<Message>();
 * await other.subscribe("alerts", seen.resolve);
 * await backend.storeMessage(
 *   "system",
 *   "alerts",
 *   new Message({
 *     idObj: new GemstoneGenerator(1).getId(),
 *     sender: { id: "monitor", name: "Monitor" },
 *     topics: "alerts",
 *     payload: { text: "high CPU usage" },
 *   }),
 * );
 * console.log((await seen.promise).payload.text); // high CPU usage
 * ```
 */
export class ShmMessagingBackend extends StoreMessagingBackend implements RedisLikeBackend {
  readonly #options: ShmMessagingBackendOptions;
  readonly #clock: () => number;
  readonly #memberName: string = crypto.randomUUID();
  #attached: Attached | undefined;

  /**
   * Prepares a backend, and does no input or output.
   *
   * @throws {TypeError} if `name` cannot be the name of a channel
   * @throws {RangeError} if a limit is no whole number, at least 1, or `maxBytes` is more than 1 GiB
   */
  constructor(options: ShmMessagingBackendOptions) {
    super(options);
    checkChannelName(options.name);
    checkLimit("maxMessagesPerTopic", options.maxMessagesPerTopic, Infinity);
    if (checkLimit("maxBytes", options.maxBytes, DEFAULT_MAX_BYTES) > LARGEST_MAX_BYTES) {
      throw new RangeError(
        `maxBytes must be at most ${LARGEST_MAX_BYTES}, not ${formatValue(options.maxBytes)}`,
      );
    }
    this.#options = { ...options };
    this.#clock = options.clock ?? Date.now;
  }

  /** Where messages are: `"shm:"` and the name. */
  get address(): string {
    return `shm:${this.#options.name}`;
  }

  /** Attaches now rather than with the first call. */
  async connect(): Promise<void> {
    await this.testConnection();
  }

  #attach(): Attached {
    this.checkOpen();
    return this.#attached ??= this.#openJournal();
  }

  #openJournal(): Attached {
    const { name, maxBytes, maxMessagesPerTopic, dir, persist } = this.#options;
    const replica = new Replica(this.#memberName, this.subscription, {
      maxBytes: maxBytes ?? DEFAULT_MAX_BYTES,
      maxMessagesPerTopic: maxMessagesPerTopic ?? Infinity,
    });
    try {
      const journal = new Journal(name, FORMAT, replica, {
        ...dir === undefined ? {} : { dir },
        ...persist === undefined ? {} : { persist },
        clock: this.#clock,
      });
      this.#checkLimits(journal, replica.limits);
      return { journal, replica };
    } catch (cause) {
      if (!(cause instanceof ShmError) || cause instanceof ShmCorruptionError) throw cause;
      throw new MessagingConnectionError(`cannot attach (${cause.message})`, this.address, {
        cause,
      });
    }
  }

  #checkLimits(journal: Journal, limits: Limits): void {
    for (const limit of ["maxBytes", "maxMessagesPerTopic"] as const) {
      const asked = this.#options[limit];
      if (asked === undefined || asked === limits[limit]) continue;
      journal.close();
      throw new MessagingConnectionError(
        `cannot attach: ${limit} is ${
          limits[limit]
        } there, not ${asked}; use that, or leave it out,`,
        this.address,
      );
    }
  }

  /** Appends an operation; what came of it. */
  // deno-lint-ignore require-await
  async #write<Name extends OperationName>(
    name: Name,
    prepare: (attached: Attached) => [args: Operations[Name], text?: string],
  ): Promise<unknown> {
    return mapStoreErrors(() => {
      const attached = this.#attach();
      return append(attached, name, ...prepare(attached));
    });
  }

  /**
   * Reads from the store, which shows what was there when the call was made.
   * @internal
   */
  // deno-lint-ignore require-await
  protected override async read<T>(call: (store: Store) => T): Promise<T> {
    return mapStoreErrors(() => {
      const attached = this.#attach();
      attached.journal.catchUp();
      if (attached.replica.store.nextExpiryMs <= this.#clock()) append(attached, "tick", []);
      return call(attached.replica.store);
    });
  }

  #expiry(ttlSeconds: number | null | undefined): number | null {
    if (ttlSeconds === undefined || ttlSeconds === null) return null;
    checkTtl(ttlSeconds);
    return Math.ceil(this.#clock() + ttlSeconds * 1000);
  }

  /** Stores a message in a topic and tells the topic's subscribers. */
  override async storeMessage(
    namespace: string,
    topic: string,
    message: Message,
    options: StoreMessageOptions = {},
  ): Promise<void> {
    await this.#write("store", ({ replica }) => {
      checkName("namespace", namespace);
      checkName("topic", topic);
      const parsed = parseMessage(message.stringify());
      const expiresAtMs = this.#expiry(options.ttlSeconds ?? parsed.ttlSeconds);
      replica.expect(parsed);
      return [[namespace, topic, expiresAtMs], parsed.text];
    });
  }

  /** Begins the subscription to a topic. */
  protected override async openTopic(topic: string): Promise<void> {
    await this.#write("subscribe", ({ journal }) => {
      checkName("topic", topic);
      return [[this.#memberName, String(journal.isolate), topic]];
    });
    this.#watch();
  }

  /** Begins the subscription to a pattern. */
  protected override async openPattern(pattern: string): Promise<void> {
    await this.#write("psubscribe", ({ journal }) => {
      checkName("pattern", pattern, MAX_PATTERN_LENGTH);
      return [[this.#memberName, String(journal.isolate), pattern]];
    });
    this.#watch();
  }

  /** Ends the subscription to a topic. */
  protected override async closeTopic(topic: string): Promise<void> {
    await this.#write("unsubscribe", () => [[this.#memberName, topic]]);
    this.#watch();
  }

  /** Ends the subscription to a pattern. */
  protected override async closePattern(pattern: string): Promise<void> {
    await this.#write("punsubscribe", () => [[this.#memberName, pattern]]);
    this.#watch();
  }

  /** Watches as long as there is something to be told of. */
  #watch(): void {
    if (this.isClosed) return;
    if (this.#isSubscribed) this.#attached?.journal.watch();
    else this.#attached?.journal.unwatch();
  }

  get #isSubscribed(): boolean {
    return this.subscription.topics.size + this.subscription.patterns.size > 0;
  }

  /** Ends all subscriptions, and leaves. */
  // deno-lint-ignore require-await
  protected override async close(): Promise<void> {
    const attached = this.#attached;
    if (attached === undefined) return;
    if (this.#isSubscribed) this.#appendLeave(attached);
    attached.journal.close();
  }

  /** Without it others would count our subscriptions until this process ends. */
  #appendLeave(attached: Attached): void {
    try {
      append(attached, "leave", [this.#memberName]);
    } catch (error) {
      logger.debug("left {address} without a word: {error}", { address: this.address, error });
    }
  }

  /** Sets a key; `ex` is its time to live in seconds. */
  async set(key: string, value: unknown, options: { ex?: number } = {}): Promise<void> {
    await this.#write("set", () => {
      checkKey("key", key);
      return [[key, this.#expiry(options.ex)], jsonOf(value)];
    });
  }

  /** Sets one field of a hash. */
  async hset(key: string, field: string, value: unknown): Promise<void> {
    await this.#write("hset", () => {
      checkKey("key", key);
      checkKey("field", field);
      return [[key, field], jsonOf(value)];
    });
  }

  /** Adds members to a set; fulfilled with the number of those that were new. */
  async sadd(key: string, ...members: unknown[]): Promise<number> {
    const added = await this.#write("sadd", () => {
      checkKey("key", key);
      return [[key], JSON.stringify(members.map(jsonOf))];
    });
    return added as number;
  }

  /** Hands a text or other JSON value to those who subscribe to a channel now, wherever they are. */
  async publish(channel: string, message: unknown): Promise<number> {
    const reached = await this.#write("publish", ({ journal, replica }) => {
      checkName("channel", channel);
      replica.removeDead((agent) => journal.isAlive(agent));
      return [[channel], jsonOf(message)];
    });
    return reached as number;
  }

  /** What all backends of this name hold and have counted. */
  async stats(): Promise<ShmMessagingStats> {
    return await this.read((store) => {
      const { journal, replica } = this.#attached!;
      const { topics, messages, keys, bytes } = store.stats();
      return { topics, messages, keys, bytes, sharedBytes: journal.usedBytes, ...replica.counts };
    });
  }
}

/**
 * Appends an operation; what came of it.
 *
 * @throws {MessagingRefusedError} if there is no room
 */
function append<Name extends OperationName>(
  { journal, replica }: Attached,
  name: Name,
  args: Operations[Name],
  text?: string,
): unknown {
  try {
    journal.append(encodeOperation(name, args, text));
  } catch (cause) {
    if (!(cause instanceof ShmConnectionError)) throw cause;
    throw new MessagingRefusedError(`there is no room in shared memory: ${cause.message}`, {
      cause,
    });
  }
  return replica.outcome();
}

function jsonOf(value: unknown): string {
  return valueToJson(valueFrom(value));
}
