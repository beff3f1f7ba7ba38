/**
 * The messaging backend on a TCP server.
 *
 * @module
 */

import { text } from "../../../lib/base/option_checks.ts";
import { takeTurnsIn, withTurn } from "../../../lib/base/turn.ts";
import { checkNoMore } from "../../../lib/base/checks.ts";
import { logger } from "../../../lib/base/log.ts";
import { checkId, isId } from "../../../lib/message/gemstone.ts";
import { parseJson } from "../../../lib/message/json.ts";
import { parsedLeniently } from "../../../lib/message/json_members.ts";
import { Message } from "../../../lib/message/message.ts";
import type { StoreMessageOptions } from "../../messaging/backend.ts";
import {
  BaseMessagingBackend,
  checkGivenName,
  checkIds,
  mapStoreErrors,
  orElseAll,
} from "../../messaging/base.ts";
import { MessagingError } from "../../messaging/errors.ts";
import { messagesFrom } from "../../messaging/received.ts";
import { type ContextHeaders, contextHeadersOf } from "../../../lib/base/context_headers.ts";
import type { Arguments, ArgumentValues } from "../../store/arguments.ts";
import type { Operation } from "../../store/operation.ts";
import { OPERATIONS } from "../../store/operations.ts";
import type { TopicInfo } from "../../store/topics.ts";
import { valueFrom } from "../../store/value.ts";
import { dataOf, splitArguments, textOf } from "../protocol/arguments.ts";
import { checkBackendOptions, type EmbeddedMessagingBackendOptions } from "./options.ts";
import { ReconnectingClient } from "./reconnecting_client.ts";
import { lineOf } from "./requests.ts";

/**
 * Stores messages on a server of the line protocol, and receives pushed messages.
 *
 * Calls that do not wait for each other share writes. When the connection is lost, running calls are
 * rejected with `MessagingConnectionError`: it is not known whether the server has executed them. The
 * backend connects again at the next call, and by itself while it has subscriptions, which it then
 * restores. Messages of the time between are not received: `onGap` reports that time.
 *
 * By default, it starts a server in this thread if none listens. That server ends with the backend that
 * started it. Neither the server nor an idle connection keeps the program alive; a subscription does.
 *
 * @example
 * ```ts
 * import { GemstoneGenerator, Message } from "@ringbus/ringbus";
 * import { EmbeddedMessagingBackend, EmbeddedServer } from "@ringbus/ringbus/tcp";
 *
 * await using server = new EmbeddedServer({ port: 0 });
 * const port = await server.start();
 * await using backend = new EmbeddedMessagingBackend({ port });
 *
 * const generator = new GemstoneGenerator(1);
 * const seen = Promise.withResolvers<Message>();
 * await backend.subscribe("alerts", seen.resolve);
 * await backend.storeMessage(
 *   "system",
 *   "alerts",
 *   new Message({
 *     idObj: generator.getId(),
 *     sender: { id: "monitor", name: "Monitor" },
 *     topics: "alerts",
 *     payload: { text: "high CPU usage" },
 *   }),
 * );
 * console.log((await seen.promise).payload.text); // high CPU usage
 * ```
 */
export class EmbeddedMessagingBackend extends BaseMessagingBackend {
  readonly #client: ReconnectingClient;

  static {
    takeTurnsIn(this.prototype);
  }

  /**
   * Prepares a backend, and does no input or output.
   *
   * @throws {TypeError} if `host` or `serverMode` is invalid
   * @throws {RangeError} if `port` or `timeoutMs` is out of range
   */
  constructor(options: EmbeddedMessagingBackendOptions = {}) {
    checkNoMore("new EmbeddedMessagingBackend()", arguments, 1);
    const checked = checkBackendOptions(options);
    super(options);
    this.#client = new ReconnectingClient(
      checked,
      (line) => this.#handlePush(line),
    );
  }

  /** Host and port of the server, such as `"127.0.0.1:31134"`. */
  get address(): string {
    return this.#client.address;
  }

  /** Connects now rather than at the first call, and checks what `testConnection()` checks. */
  async connect(): Promise<void> {
    checkNoMore("connect()", arguments, 0);
    await this.testConnection();
  }

  /**
   * Checks that the server replies, and accepts the token.
   *
   * @throws {MessagingConnectionError} if it cannot be reached
   * @throws {MessagingRefusedError} if it wants a token and gets another one, or none
   */
  async testConnection(): Promise<void> {
    checkNoMore("testConnection()", arguments, 0);
    // A server with a token replies to PING without it, and to a command that reads only with it.
    await this.#call(OPERATIONS.messagesById, { namespace: "test", ids: [] }, "MESSAGES ");
  }

  /** Sends a command; returns what follows the expected beginning of the reply. */
  async #request(line: string, prefix: string, headers?: ContextHeaders): Promise<string> {
    this.checkOpen();
    const reply = await this.#client.request(line, headers ?? this.observer.callHeaders("line"));
    if (reply.startsWith(prefix)) return reply.slice(prefix.length);
    throw new MessagingError(
      `the server at ${this.address} replied ${reply.slice(0, 200)} instead of ${prefix}: is it ` +
        "a server of the line protocol?",
    );
  }

  /** Calls an operation of the store. */
  async #call<A extends Arguments>(
    operation: Operation<A>,
    values: ArgumentValues<A>,
    prefix = "OK",
    headers?: ContextHeaders,
  ): Promise<string> {
    return await withTurn(() =>
      this.#request(mapStoreErrors(() => lineOf(operation, values)), prefix, headers)
    );
  }

  async #messages<A extends Arguments>(
    operation: Operation<A, "messages">,
    values: ArgumentValues<A>,
  ): Promise<Message[]> {
    const reply = await this.#call(operation, values, "MESSAGES ");
    return messagesFrom(() => parsedLeniently(textOf(reply), parseJson), this.address);
  }

  /** Stores a message in a topic and delivers it to the topic's subscribers. */
  async storeMessage(
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
  async getMessagesForTopic(topic: string): Promise<Message[]> {
    checkNoMore("getMessagesForTopic()", arguments, 1);
    text("topic", topic);
    const values = { topic, since_id: undefined, limit: undefined };
    return await this.observer.fetch(
      "getMessagesForTopic",
      topic,
      () => this.#messages(OPERATIONS.messages, values),
    );
  }

  /** The messages of a topic that are later than the one with an id, sorted by id. */
  async getMessagesForTopicSince(topic: string, sinceId: bigint): Promise<Message[]> {
    checkNoMore("getMessagesForTopicSince()", arguments, 2);
    text("topic", topic);
    const values = { topic, id: checkId(sinceId) };
    return await this.observer.fetch(
      "getMessagesForTopicSince",
      topic,
      () => this.#messages(OPERATIONS.messagesSinceId, values),
    );
  }

  /**
   * The messages of a topic that were stored after the one with an id, in that order. Another server does
   * not know the order: all messages of the topic are returned, sorted by id.
   */
  override async getMessagesStoredAfter(topic: string, id: bigint): Promise<Message[]> {
    checkNoMore("getMessagesStoredAfter()", arguments, 2);
    text("topic", topic);
    const values = { topic, id: checkId(id), limit: undefined };
    const all = { topic, since_id: undefined, limit: undefined };
    return await this.observer.fetch(
      "getMessagesStoredAfter",
      topic,
      () =>
        orElseAll(
          () => this.#messages(OPERATIONS.messagesStoredAfter, values),
          () => this.#messages(OPERATIONS.messages, all),
        ),
    );
  }

  /** The messages of a namespace with these ids, in the order of the ids. */
  async getMessagesById(namespace: string, ids: readonly bigint[]): Promise<Message[]> {
    checkNoMore("getMessagesById()", arguments, 2);
    const values = { namespace, ids: checkIds(ids) };
    return await this.observer.fetch(
      "getMessagesById",
      namespace,
      () => this.#messages(OPERATIONS.messagesById, values),
    );
  }

  /** The topics that have messages. Needs our server. */
  async listTopics(): Promise<TopicInfo[]> {
    checkNoMore("listTopics()", arguments, 0);
    const reply = await this.#call(OPERATIONS.topics, {}, "TOPICS ");
    return dataOf(reply) as TopicInfo[];
  }

  /**
   * Delivers a text or other JSON value to the subscribers of a topic without storing it; returns the
   * number of subscriptions that it reached. An object with a message id in `id` reaches their handlers
   * as a message, anything else `onPublished`.
   */
  async publish(topic: string, data: unknown): Promise<number> {
    checkNoMore("publish()", arguments, 2);
    checkGivenName("channel", topic);
    const values = { channel: topic, message: mapStoreErrors(() => valueFrom(data)) };
    return await this.observer.publish(
      topic,
      async (headers) => Number(await this.#call(OPERATIONS.publish, values, "OK ", headers)),
    );
  }

  /** Begins the subscription to a topic. */
  protected async openTopic(topic: string): Promise<void> {
    await this.#client.prepareSubscription();
    await this.#call(OPERATIONS.subscribe, { topic });
    this.#client.add("topic", topic);
  }

  /** Ends the subscription to a topic. */
  protected async closeTopic(topic: string): Promise<void> {
    this.#client.remove("topic", topic);
    await this.#client.sendIfConnected(lineOf(OPERATIONS.unsubscribe, { topic }));
  }

  /** Begins the subscription to a pattern. */
  protected async openPattern(pattern: string): Promise<void> {
    await this.#client.prepareSubscription();
    await this.#call(OPERATIONS.psubscribe, { pattern });
    this.#client.add("pattern", pattern);
  }

  /** Ends the subscription to a pattern. */
  protected async closePattern(pattern: string): Promise<void> {
    this.#client.remove("pattern", pattern);
    await this.#client.sendIfConnected(lineOf(OPERATIONS.punsubscribe, { pattern }));
  }

  /** Closes the connection, and stops the server that was started for it. */
  protected async close(): Promise<void> {
    await this.#client.close();
  }

  #handlePush(line: string): void {
    try {
      const [word, ...args] = splitArguments(line);
      const pattern = word === "PMESSAGE" ? textOf(args.shift()!) : undefined;
      const topic = textOf(args[0]);
      const headers = args[2] === undefined ? undefined : contextHeadersOf(dataOf(args[2])!);
      const through = pattern === undefined ? {} : { pattern };
      this.#deliver(topic, dataOf(args[1]), through, headers);
    } catch (error) {
      logger.error("cannot read a message from {address}: {error}", {
        address: this.address,
        error,
      });
    }
  }

  /** The wire format does not distinguish a message from another published value. */
  #deliver(
    topic: string,
    data: unknown,
    through: { pattern?: string },
    headers: ContextHeaders | undefined,
  ): void {
    if (isMessage(data)) this.dispatch(Message.fromJson(data), { topic, ...through });
    else {
      const carried = headers === undefined ? {} : { headers };
      this.dispatchPublished({ channel: topic, ...through, data, ...carried });
    }
  }
}

function isMessage(data: unknown): boolean {
  return typeof data === "object" && data !== null && "id" in data && isId(data.id);
}
