/**
 * The messaging backend in shared memory, without a server.
 *
 * @module
 */

// The journal is loaded later than a program adds its listeners for signals, which have to be known.
import "../../../lib/presence/program_listeners.ts";
import { text } from "../../../lib/base/option_checks.ts";
import { lazyPart } from "../../../lib/base/descriptors.ts";
import { inTurn, takeTurnsIn } from "../../../lib/base/turn.ts";
import { checkNoMore } from "../../../lib/base/checks.ts";
import { CatchUp } from "../../../lib/journal/catch_up.ts";
import type { Journal } from "../../../lib/journal/journal.ts";
import type { ContextHeaders } from "../../../lib/base/context_headers.ts";
import { logger } from "../../../lib/base/log.ts";
import type { Message } from "../../../lib/message/message.ts";
import type { RedisLikeBackend, StoreMessageOptions } from "../backend.ts";
import { checkGivenName, mapStoreErrors } from "../base.ts";
import { MessagingConnectionError } from "../errors.ts";
import { SET_OPTIONS } from "../options.ts";
import { StoreMessagingBackend } from "../store_backend.ts";
import type { Store } from "../../store/store.ts";
import { parseMessage } from "../../store/stored_message.ts";
import { valueFrom } from "../../store/value.ts";
import type { Attached, OperationName, ValuesOf } from "./attachment.ts";
import { checkBackendOptions, type ShmMessagingBackendOptions } from "./options.ts";

const attachment = lazyPart(() => import("./attachment.ts"));

/** Statistics of the state that all backends of one name share. */
export interface ShmMessagingStats {
  /** Number of topics with messages. */
  topics: number;
  /** Number of messages in all topics. */
  messages: number;
  /** Number of keys of strings, hashes and sets. */
  keys: number;
  /** Bytes of messages and keys, which `maxBytes` limits. */
  bytes: number;
  /** Bytes of shared memory in use. */
  sharedBytes: number;
  /** Number of messages ever stored. */
  stored: number;
  /** Number of messages evicted because of `maxBytes` or `maxMessagesPerTopic`. */
  evicted: number;
  /** Number of messages and keys that have expired. */
  expired: number;
}

/**
 * Stores messages in shared memory for the processes of one machine. There is no server: a backend that
 * stores a message appends it to a journal, and every backend applies the journal to a store of its own.
 * So reading is as fast as in memory. Needs `--allow-ffi`.
 *
 * When a process is killed, the messages that it has stored stay. A message that it was storing is there
 * as a whole or not at all. The last backend that closes deletes the state, unless it is persistent. When
 * all processes were killed, the next backend finds the state.
 *
 * @example
 * ```ts ignore
 * import { GemstoneGenerator, Message, ShmMessagingBackend } from "@ringbus/ringbus";
 *
 * await using backend = new ShmMessagingBackend({ name: "team" });
 * await using other = new ShmMessagingBackend({ name: "team" }); // in any process
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
  readonly #memberName: string = crypto.randomUUID();
  #attached: Attached | undefined;
  /** The journal while its records are applied for the first time. */
  #joining: Journal | undefined;
  readonly #catchUp = new CatchUp(() => this.#attachInTurns());

  static {
    takeTurnsIn(this.prototype);
  }

  /**
   * Makes a backend. Does no input or output.
   *
   * @throws {TypeError} if `name` is not a valid name of a channel
   * @throws {RangeError} if a limit is not a whole number, at least 1, or `maxBytes` exceeds 1 GiB
   */
  constructor(options: ShmMessagingBackendOptions) {
    checkNoMore("new ShmMessagingBackend()", arguments, 1);
    const checked = checkBackendOptions(options);
    super(options);
    this.#options = checked;
  }

  /** Address of the state: `"shm:"` and the name. */
  get address(): string {
    return `shm:${this.#options.name}`;
  }

  /** Attaches now instead of with the first call. */
  async connect(): Promise<void> {
    checkNoMore("connect()", arguments, 0);
    await this.testConnection();
  }

  /** Makes a call at once, or after what is there has been applied. Calls keep their order. */
  #call<T>(call: (attached: Attached) => T): Promise<T> {
    const checked = () =>
      mapStoreErrors(() => {
        const attached = this.#checkAttached();
        return attached.journal.deferring(() => call(attached));
      });
    return this.#isUpToDate ? inTurn(checked) : this.#catchUp.before(checked);
  }

  get #isUpToDate(): boolean {
    return this.#attached !== undefined && !this.#attached.journal.isFarBehind &&
      !this.#catchUp.hasWaiting;
  }

  #checkAttached(): Attached {
    this.checkOpen();
    return this.#attached!;
  }

  async #attachInTurns(): Promise<void> {
    this.checkOpen();
    if (this.#attached !== undefined) return await this.#attached.journal.catchUpInTurns();
    const { attach } = await attachment((problem) =>
      new MessagingConnectionError(`cannot attach (${problem})`, this.address)
    );
    this.checkOpen();
    try {
      this.#attached = await attach({
        name: this.#memberName,
        address: this.address,
        subscription: this.subscription,
        options: this.#options,
        joins: (journal) => this.#joining = journal,
        checkOpen: () => this.checkOpen(),
      });
    } finally {
      this.#joining = undefined;
    }
  }

  /** Appends an operation, and returns its result. */
  #write<N extends OperationName>(
    name: N,
    prepare: (attached: Attached) => ValuesOf<N>,
    headers?: ContextHeaders,
  ): Promise<unknown> {
    return this.#call((attached) => attached.write(name, prepare(attached), headers));
  }

  /**
   * Reads from the store, which has the state at the time of the call, or a later one.
   * @internal
   */
  protected override read<T>(call: (store: Store) => T): Promise<T> {
    return this.#call((attached) => {
      attached.journal.catchUp();
      const expiry = attached.replica.expiry();
      if (expiry !== undefined) attached.append(expiry, true);
      return call(attached.replica.store);
    });
  }

  /** Stores a message in a topic, and delivers it to the topic's subscribers. */
  override async storeMessage(
    namespace: string,
    topic: string,
    message: Message,
    options: StoreMessageOptions = {},
  ): Promise<void> {
    checkNoMore("storeMessage()", arguments, 4);
    const rejection = this.checkStore(namespace, topic, options);
    if (rejection !== undefined) return await rejection;
    await this.observer.store(topic, message, async (carrying) => {
      await this.#write("store", ({ replica }) => {
        const parsed = parseMessage(this.textOf(carrying, options));
        const ttl = options.ttlSeconds ?? parsed.lifetimeSeconds;
        replica.expect(parsed);
        return { namespace, topic, message: parsed.text, ttl };
      });
    });
  }

  /** Starts the subscription to a topic. */
  protected override async openTopic(topic: string): Promise<void> {
    await this.#write("subscribe", () => ({ topic }));
    this.#watch();
  }

  /** Starts the subscription to a pattern. */
  protected override async openPattern(pattern: string): Promise<void> {
    await this.#write("psubscribe", () => ({ pattern }));
    this.#watch();
  }

  /** Ends the subscription to a topic. */
  protected override async closeTopic(topic: string): Promise<void> {
    await this.#write("unsubscribe", () => ({ topic }));
    this.#watch();
  }

  /** Ends the subscription to a pattern. */
  protected override async closePattern(pattern: string): Promise<void> {
    await this.#write("punsubscribe", () => ({ pattern }));
    this.#watch();
  }

  /** Watches the journal while there are subscriptions. */
  #watch(): void {
    if (this.isClosed) return;
    if (this.#isSubscribed) this.#attached?.journal.watch();
    else this.#attached?.journal.unwatch();
  }

  get #isSubscribed(): boolean {
    return this.subscription.topics.size + this.subscription.patterns.size > 0;
  }

  /** Ends all subscriptions, and detaches. */
  // deno-lint-ignore require-await
  protected override async close(): Promise<void> {
    const attached = this.#attached;
    this.#joining?.close();
    if (attached === undefined) return;
    if (this.#isSubscribed) this.#appendLeave(attached);
    attached.replica.finish();
    attached.journal.close();
  }

  /** Removes the subscriptions of this backend. Without it, others count them until this process ends. */
  #appendLeave(attached: Attached): void {
    try {
      attached.leave();
    } catch (error) {
      logger.debug("cannot end the subscriptions at {address}: {error}", {
        address: this.address,
        error,
      });
    }
  }

  /** Sets a key. `ex` is the time to live in seconds. */
  async set(key: string, value: unknown, options: { ex?: number } = {}): Promise<void> {
    checkNoMore("set()", arguments, 3);
    SET_OPTIONS.check(options);
    const { ex } = options;
    await this.#write("set", () => ({ key, value: valueFrom(value), ex }));
  }

  /** Sets one field of a hash. */
  async hset(key: string, field: string, value: unknown): Promise<void> {
    checkNoMore("hset()", arguments, 3);
    text("key", key);
    text("field", field);
    await this.#write("hset", () => ({ key, field, value: valueFrom(value) }));
  }

  /** Adds members to a set. Resolves with the number of new members. */
  async sadd(key: string, ...members: unknown[]): Promise<number> {
    const added = await this.#write(
      "sadd",
      () => ({ key, members: members.map(valueFrom) }),
    );
    return added as number;
  }

  /** Delivers a JSON value to the current subscribers of a channel in all processes. */
  async publish(channel: string, message: unknown): Promise<number> {
    checkNoMore("publish()", arguments, 2);
    checkGivenName("channel", channel);
    return await this.observer.publish(channel, async (headers) => {
      const reached = await this.#write("publish", ({ journal, replica }) => {
        const dead = replica.removeDead((isolate) => journal.isAlive(isolate));
        if (dead.size > 0) journal.removeDeadMembers();
        return { channel, message: valueFrom(message) };
      }, headers);
      return reached as number;
    });
  }

  /** Statistics of the state that all backends of this name share. */
  async stats(): Promise<ShmMessagingStats> {
    checkNoMore("stats()", arguments, 0);
    return await this.read((store) => {
      const { journal, replica } = this.#attached!;
      const { topics, messages, keys, bytes } = store.stats();
      return { topics, messages, keys, bytes, sharedBytes: journal.usedBytes, ...replica.counts };
    });
  }
}
