/**
 * The messaging backend that talks to an HTTP server.
 *
 * @module
 */

import { text } from "../../../lib/base/option_checks.ts";
import { takeTurnsIn, withTurn } from "../../../lib/base/turn.ts";
import { checkNoMore } from "../../../lib/base/checks.ts";
import { logger } from "../../../lib/base/log.ts";
import { BEGINNING_ID, checkId, timestampOf } from "../../../lib/message/gemstone.ts";
import { Message } from "../../../lib/message/message.ts";
import type {
  PublishedMessage,
  RedisLikeBackend,
  StoreMessageOptions,
} from "../../messaging/backend.ts";
import { SET_OPTIONS } from "../../messaging/options.ts";
import {
  BaseMessagingBackend,
  checkGivenName,
  checkIds,
  mapStoreErrors,
  orElseAll,
} from "../../messaging/base.ts";
import { messagesFrom } from "../../messaging/received.ts";
import type { ContextHeaders } from "../../../lib/base/context_headers.ts";
import type { Arguments, ArgumentValues } from "../../store/arguments.ts";
import type { Operation } from "../../store/operation.ts";
import { OPERATIONS } from "../../store/operations.ts";
import type { TopicInfo } from "../../store/topics.ts";
import { valueFrom } from "../../store/value.ts";
import type { HttpRequest, HttpResponse } from "./client.ts";
import { checkBackendOptions, type SharedMemoryMessagingBackendOptions } from "./options.ts";
import type { PollEntry } from "./poller.ts";
import { requestOf } from "./requests.ts";
import { ServerConnection } from "./server_connection.ts";

/** Ids in one request: a longer URL exceeds what servers accept. */
const IDS_PER_REQUEST = 500;

/**
 * Stores messages at an HTTP server, which several processes may share. Its calls run one after the
 * other, in the order in which they were made.
 *
 * A server that it starts ends with it, and does not keep the program alive; a subscription does.
 *
 * It polls for its subscriptions. When the server was restarted, the backend subscribes again as soon as
 * the server responds. Messages that were stored in between, or that were on their way when the connection
 * was lost, do not reach handlers.
 *
 * @example
 * ```ts
 * import { GemstoneGenerator, Message } from "@ringbus/ringbus";
 * import { SharedMemoryMessagingBackend } from "@ringbus/ringbus/http";
 *
 * await using backend = new SharedMemoryMessagingBackend(); // starts a server of its own
 * const generator = new GemstoneGenerator(1);
 *
 * await backend.psubscribe("sensor.*", (message, { topic }) => console.log(topic, message.payload));
 * await backend.storeMessage(
 *   "demo",
 *   "sensor.temperature",
 *   new Message({
 *     idObj: generator.getId(),
 *     sender: { id: "sensor-7", name: "Sensor 7" },
 *     topics: "sensor.temperature",
 *     payload: { celsius: 21.5 },
 *   }),
 * );
 * console.log((await backend.getMessagesForTopic("sensor.temperature")).length); // 1
 * ```
 */
export class SharedMemoryMessagingBackend extends BaseMessagingBackend implements RedisLikeBackend {
  readonly #connection: ServerConnection;

  static {
    takeTurnsIn(this.prototype);
  }

  /**
   * Prepares a backend, and does no input or output.
   *
   * @throws {TypeError} if an option is invalid, or there is no server and none may be started
   */
  constructor(options: SharedMemoryMessagingBackendOptions = {}) {
    checkNoMore("new SharedMemoryMessagingBackend()", arguments, 1);
    const checked = checkBackendOptions(options);
    super(options);
    this.#connection = new ServerConnection(
      checked,
      (entry) => this.#dispatch(entry),
    );
  }

  /** URL of the server; undefined until one was started. */
  get serverUrl(): string | undefined {
    return this.#connection.serverUrl;
  }

  /**
   * Starts the server if it is to be started, and calls it. Every call does so: this one shows at once
   * whether the server can be reached.
   *
   * @throws {MessagingConnectionError} if it cannot be reached
   */
  async connect(): Promise<void> {
    checkNoMore("connect()", arguments, 0);
    await this.testConnection();
  }

  /** Rejects with `MessagingConnectionError` if the server cannot be reached, or rejects the token. */
  override async testConnection(): Promise<void> {
    checkNoMore("testConnection()", arguments, 0);
    await this.stats();
  }

  /** What the server reports of itself, under the names of the protocol. */
  async stats(): Promise<Record<string, unknown>> {
    checkNoMore("stats()", arguments, 0);
    const { json } = await this.#send({ method: "GET", path: "/stats" });
    return json as Record<string, unknown>;
  }

  /** Stores a message in a topic and delivers it to the topic's subscribers. */
  override async storeMessage(
    namespace: string,
    topic: string,
    message: Message,
    options: StoreMessageOptions = {},
  ): Promise<void> {
    checkNoMore("storeMessage()", arguments, 4);
    const rejection = this.checkStore(namespace, topic, options);
    if (rejection !== undefined) return await rejection;
    const ttl = options.ttlSeconds ?? undefined;
    await this.observer.store(topic, message, async (carrying) => {
      await this.#call(OPERATIONS.store, {
        namespace,
        topic,
        message: this.textOf(carrying, options),
        ttl,
      });
    });
  }

  /** All messages of a topic, sorted by id. */
  override async getMessagesForTopic(topic: string): Promise<Message[]> {
    checkNoMore("getMessagesForTopic()", arguments, 1);
    text("topic", topic);
    const values = { topic, since_id: undefined, limit: undefined };
    return await this.observer.fetch(
      "getMessagesForTopic",
      topic,
      async () => this.#messagesIn(await this.#call(OPERATIONS.messages, values)),
    );
  }

  /** The messages of a topic that are later than the one with an id, sorted by id. */
  override async getMessagesForTopicSince(topic: string, sinceId: bigint): Promise<Message[]> {
    checkNoMore("getMessagesForTopicSince()", arguments, 2);
    text("topic", topic);
    return await this.observer.fetch(
      "getMessagesForTopicSince",
      topic,
      () => this.#since(topic, sinceId),
    );
  }

  /** The first of `getMessagesForTopicSince`, or null. */
  override async getNextMessageForTopicSince(
    topic: string,
    sinceId: bigint,
  ): Promise<Message | null> {
    checkNoMore("getNextMessageForTopicSince()", arguments, 2);
    text("topic", topic);
    return await this.observer.fetch("getNextMessageForTopicSince", topic, async () => {
      const [next] = await this.#since(topic, sinceId, 1);
      return next ?? null;
    });
  }

  /** Another server may take `since_id` for a part of the time: what it returns is filtered here. */
  async #since(topic: string, sinceId: bigint, limit?: number): Promise<Message[]> {
    const timestamp = timeBefore(checkId(sinceId));
    let isFiltered = false;
    const { json, isRingbus } = await this.#send((isRingbus) => {
      isFiltered = isRingbus;
      const more = isRingbus ? { since_id: sinceId, limit } : {};
      return requestOf(OPERATIONS.messagesSince, {
        topic,
        timestamp,
        since_id: undefined,
        limit: undefined,
        ...more,
      });
    });
    // Only the server knows the time of the message with the id, should it differ from that in the id.
    if (isRingbus && !isFiltered) return await this.#since(topic, sinceId, limit);
    const messages = this.#messagesIn(json);
    return isFiltered ? messages : messages.filter((message) => isLater(message, sinceId));
  }

  /**
   * The messages of a topic that were stored after the one with an id, in that order. Another server does
   * not know the order: all messages of the topic are returned, sorted by id.
   */
  override async getMessagesStoredAfter(topic: string, id: bigint): Promise<Message[]> {
    checkNoMore("getMessagesStoredAfter()", arguments, 2);
    text("topic", topic);
    const values = { topic, id: checkId(id), limit: undefined };
    return await this.observer.fetch(
      "getMessagesStoredAfter",
      topic,
      () =>
        orElseAll(
          async () => this.#messagesIn(await this.#call(OPERATIONS.messagesStoredAfter, values)),
          async () =>
            this.#messagesIn(
              await this.#call(OPERATIONS.messages, {
                topic,
                since_id: undefined,
                limit: undefined,
              }),
            ),
        ),
    );
  }

  /** The messages of a namespace with these ids, in the order of the ids. */
  override async getMessagesById(namespace: string, ids: readonly bigint[]): Promise<Message[]> {
    checkNoMore("getMessagesById()", arguments, 2);
    return await this.observer.fetch(
      "getMessagesById",
      namespace,
      () => this.#byId(namespace, ids),
    );
  }

  async #byId(namespace: string, ids: readonly bigint[]): Promise<Message[]> {
    const found: Message[] = [];
    const wanted = checkIds(ids);
    for (let at = 0; at < wanted.length; at += IDS_PER_REQUEST) {
      const some = wanted.slice(at, at + IDS_PER_REQUEST);
      const json = await this.#call(OPERATIONS.messagesById, { namespace, ids: some });
      for (const message of this.#messagesIn(json)) found.push(message);
    }
    this.checkOpen();
    return found;
  }

  /** Deletes a message from all topics of a namespace; false if there was none. Needs our server. */
  async deleteMessage(namespace: string, id: bigint): Promise<boolean> {
    checkNoMore("deleteMessage()", arguments, 2);
    return await this.#result(OPERATIONS.deleteMessages, { namespace, ids: checkIds([id]) }) !== 0;
  }

  /** Deletes a topic; returns the number of its messages. Needs our server. */
  async deleteTopic(topic: string): Promise<number> {
    checkNoMore("deleteTopic()", arguments, 1);
    return await this.#result(OPERATIONS.deleteTopic, { topic }) as number;
  }

  /** Deletes a key of any kind; false if there was none. Needs our server. */
  async deleteKey(key: string): Promise<boolean> {
    checkNoMore("deleteKey()", arguments, 1);
    return await this.#result(OPERATIONS.deleteKey, { key }) !== 0;
  }

  /** The topics that have messages. Needs our server. */
  async listTopics(): Promise<TopicInfo[]> {
    checkNoMore("listTopics()", arguments, 0);
    return await this.#result(OPERATIONS.topics, {}) as TopicInfo[];
  }

  /** Sets a key; `ex` is its time to live in seconds. */
  async set(key: string, value: unknown, options: { ex?: number } = {}): Promise<void> {
    checkNoMore("set()", arguments, 3);
    SET_OPTIONS.check(options);
    await this.#call(OPERATIONS.set, {
      key,
      value: mapStoreErrors(() => valueFrom(value)),
      ex: options.ex,
    });
  }

  /** The value of a key, or null. */
  async get(key: string): Promise<unknown> {
    checkNoMore("get()", arguments, 1);
    text("key", key);
    return await this.#result(OPERATIONS.get, { key });
  }

  /** Sets one field of a hash. */
  async hset(key: string, field: string, value: unknown): Promise<void> {
    checkNoMore("hset()", arguments, 3);
    text("key", key);
    text("field", field);
    await this.#call(OPERATIONS.hset, {
      key,
      field,
      value: mapStoreErrors(() => valueFrom(value)),
    });
  }

  /** The value of one field of a hash, or null. */
  async hget(key: string, field: string): Promise<unknown> {
    checkNoMore("hget()", arguments, 2);
    text("key", key);
    text("field", field);
    return await this.#result(OPERATIONS.hget, { key, field });
  }

  /** Adds members to a set; returns the number of new ones. */
  async sadd(key: string, ...members: unknown[]): Promise<number> {
    const values = { key, members: mapStoreErrors(() => members.map(valueFrom)) };
    return await this.#result(OPERATIONS.sadd, values) as number;
  }

  /** The members of a set, each once. */
  async smembers(key: string): Promise<unknown[]> {
    checkNoMore("smembers()", arguments, 1);
    text("key", key);
    return await this.#result(OPERATIONS.smembers, { key }) as unknown[];
  }

  /** Delivers a text or other JSON value to the subscribers of a channel without storing it. */
  async publish(channel: string, message: unknown): Promise<number> {
    checkNoMore("publish()", arguments, 2);
    checkGivenName("channel", channel);
    const values = { channel, message: mapStoreErrors(() => valueFrom(message)) };
    return await this.observer.publish(
      channel,
      async (headers) => await this.#result(OPERATIONS.publish, values, headers) as number,
    );
  }

  /** Begins the subscription to a topic. */
  protected override async openTopic(topic: string): Promise<void> {
    await this.#connection.run(({ poller }) => poller.open({ kind: "topic", name: topic }));
  }

  /** Ends the subscription to a topic. */
  protected override async closeTopic(topic: string): Promise<void> {
    await this.#connection.run(({ poller }) => poller.close({ kind: "topic", name: topic }));
  }

  /** Begins the subscription to a pattern. */
  protected override async openPattern(pattern: string): Promise<void> {
    await this.#connection.run(({ poller }) => poller.open({ kind: "pattern", name: pattern }));
  }

  /** Ends the subscription to a pattern. */
  protected override async closePattern(pattern: string): Promise<void> {
    await this.#connection.run(({ poller }) => poller.close({ kind: "pattern", name: pattern }));
  }

  #messagesIn(json: unknown): Message[] {
    return messagesFrom(() => json, `${this.serverUrl}`);
  }

  /** Calls an operation; returns the JSON of the response. Writes the request before it waits. */
  async #call<A extends Arguments>(
    operation: Operation<A>,
    values: ArgumentValues<A>,
    headers?: ContextHeaders,
  ): Promise<unknown> {
    return (await withTurn(() => this.#send(requestOf(operation, values), headers))).json;
  }

  /** Calls an operation; returns the member of the response that has its result. */
  async #result<A extends Arguments>(
    operation: Operation<A>,
    values: ArgumentValues<A>,
    headers?: ContextHeaders,
  ): Promise<unknown> {
    const json = await this.#call(operation, values, headers) as Record<string, unknown>;
    return json[operation.http!.member!];
  }

  async #send(
    request: HttpRequest | ((isRingbus: boolean) => HttpRequest),
    headers: ContextHeaders | undefined = this.observer.callHeaders("http"),
  ): Promise<HttpResponse> {
    this.checkOpen();
    return await this.#connection.run(({ client }) => {
      const made = typeof request === "function" ? request(client.isRingbus) : request;
      return client.send({ ...made, headers });
    });
  }

  #dispatch({ pattern, topic, channel, data }: PollEntry): void {
    const through = pattern === undefined ? {} : { pattern };
    try {
      if (isText(topic)) this.dispatch(Message.fromJson(data), { topic, ...through });
      else this.dispatchPublished({ ...publishedOf(channel, data), ...through });
    } catch (error) {
      logger.error("cannot read a message from the server: {error}", { error });
    }
  }

  /** Waits for the running call, ends the subscriptions, and stops the server if it was started here. */
  protected override async close(): Promise<void> {
    await this.#connection.close();
  }
}

/** A published value, as the protocol carries it. */
interface Published {
  readonly channel?: string;
  readonly data: unknown;
  readonly timestamp?: number;
  readonly headers?: ContextHeaders;
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

/** The published value of an entry. Another server may name the channel only beside the value. */
function publishedOf(named: unknown, carried: unknown): PublishedMessage {
  if (typeof carried !== "object" || carried === null || !("data" in carried)) {
    if (isText(named)) return { channel: named, data: carried };
    throw new TypeError("an entry has no topic and no channel");
  }
  const { channel, data, timestamp: timestampSeconds, headers } = carried as Published;
  return {
    channel: isText(named) ? named : `${channel}`,
    data,
    timestampSeconds,
    ...headers === undefined ? {} : { headers },
  };
}

/** A time before that of an id: what is later includes the other messages of its millisecond. */
function timeBefore(id: bigint): number {
  return id === BEGINNING_ID ? Number.MIN_SAFE_INTEGER : timestampOf(id) - 1;
}

function isLater(message: Message, sinceId: bigint): boolean {
  if (sinceId === BEGINNING_ID) return message.id !== sinceId;
  const sinceMs = timestampOf(sinceId);
  const messageMs = Math.floor(message.timestamp);
  return messageMs > sinceMs || messageMs === sinceMs && message.id > sinceId;
}
