/**
 * The messaging backend that talks to an HTTP server.
 *
 * @module
 */

import { startTimer } from "../../../lib/base/timer.ts";
import { checkId, timestampOf } from "../../../lib/message/gemstone.ts";
import { stringifyJson } from "../../../lib/message/json.ts";
import { logger } from "../../../lib/base/log.ts";
import { Message } from "../../../lib/message/message.ts";
import { formatValue } from "../../../lib/base/options.ts";
import type {
  MessagingBackendOptions,
  RedisLikeBackend,
  StoreMessageOptions,
} from "../../messaging/backend.ts";
import { BaseMessagingBackend, checkIds } from "../../messaging/base.ts";
import { MessagingConnectionError, MessagingRefusedError } from "../../messaging/errors.ts";
import { traceFieldsOf } from "../../messaging/trace_fields.ts";
import { checkServerMode, type ServerMode } from "../../hosting/mode.ts";
import { checkToken } from "../../hosting/token.ts";
import type { TopicInfo } from "../../store/topics.ts";
import { HttpClient, type HttpRequest, type HttpResponse, pathTo } from "./client.ts";
import { type StartedServer, startSharedMemoryServer } from "./launch.ts";
import { type PollEntry, Poller, type SubscriptionKey } from "./poller.ts";

/** Options of a backend on an HTTP server. */
export interface SharedMemoryMessagingBackendOptions extends MessagingBackendOptions {
  /** URL of the server, such as `"http://localhost:8080"`. */
  serverUrl?: string;
  /**
   * Whether to start a server of one's own at the first call: at `serverUrl` unless one runs there, else
   * at a free port. When left out, just if there is no `serverUrl`.
   */
  autoStartServer?: boolean;
  /** Where a server that is started runs; `"inline"` when left out. */
  serverMode?: ServerMode;
  /** The server's token, also of one that is started. */
  token?: string;
  /** Milliseconds that a call may take; 30,000 when left out. */
  timeoutMs?: number;
}

const DEFAULT_TIMEOUT_MS = 30_000;
/** Milliseconds for the last call, and for telling the server. */
const GRACEFUL_SHUTDOWN_MS = 2000;
/** Ids in one request: a URL must stay below what servers take. */
const IDS_PER_REQUEST = 500;

/** What there is while the backend has a server. */
interface Connection {
  readonly client: HttpClient;
  readonly poller: Poller;
  readonly server: StartedServer | undefined;
}

/**
 * Stores messages at an HTTP server, which several processes may share. Its calls are carried out one
 * after the other, in the order in which they were made.
 *
 * Subscriptions are polled for. A server that was started anew is subscribed to again as soon as it
 * answers; what was stored while it could not be reached, or was on its way when the connection broke, is
 * not handed to handlers.
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
  readonly #options: SharedMemoryMessagingBackendOptions;
  readonly #url: string | undefined;
  readonly #startsServer: boolean;
  #connection: Promise<Connection> | undefined;
  #serverUrl: string | undefined;
  /** The call made last; never rejects. */
  #last: Promise<unknown> = Promise.resolve();

  /**
   * Prepares a backend, and does no input or output.
   *
   * @throws {TypeError} if an option cannot be, or there is neither a server nor leave to start one
   */
  constructor(options: SharedMemoryMessagingBackendOptions = {}) {
    super(options);
    const { serverUrl, autoStartServer, serverMode, token, timeoutMs } = options;
    this.#options = options;
    this.#url = serverUrl === undefined ? undefined : checkUrl(serverUrl);
    this.#startsServer = autoStartServer ?? serverUrl === undefined;
    if (serverMode !== undefined) checkServerMode(serverMode);
    if (token !== undefined) checkToken(token);
    if (timeoutMs !== undefined && !(timeoutMs > 0)) {
      throw new RangeError(
        `timeoutMs must be a number of milliseconds, more than 0, not ${formatValue(timeoutMs)}`,
      );
    }
    if (this.#url === undefined && !this.#startsServer) {
      throw new TypeError("there is no server: give serverUrl, or leave autoStartServer out");
    }
  }

  /** URL of the server; undefined until one was started. */
  get serverUrl(): string | undefined {
    return this.#serverUrl ?? this.#url;
  }

  /**
   * Starts the server if that is wanted, and calls it. Every call does so: this is to learn at once
   * whether it can be reached.
   *
   * @throws {MessagingConnectionError} if it cannot be reached
   */
  async connect(): Promise<void> {
    await this.testConnection();
  }

  /** Rejects with `MessagingConnectionError` if the server cannot be reached, or refuses the token. */
  override async testConnection(): Promise<void> {
    await this.#get("/stats");
  }

  /** What the server tells of itself, under the names of the protocol. */
  async stats(): Promise<Record<string, unknown>> {
    return await this.#get("/stats") as Record<string, unknown>;
  }

  /** Stores a message in a topic and tells the topic's subscribers. */
  override async storeMessage(
    namespace: string,
    topic: string,
    message: Message,
    options: StoreMessageOptions = {},
  ): Promise<void> {
    const { ttlSeconds = null } = options;
    checkFinite("ttlSeconds", ttlSeconds);
    await this.#post("/store_message", { namespace, topic, message, ttl: ttlSeconds });
  }

  /** All messages of a topic, sorted by id. */
  override async getMessagesForTopic(topic: string): Promise<Message[]> {
    return toMessages(await this.#get(pathTo("/messages", { topic })));
  }

  /** The messages of a topic that come after an id in time, sorted by id. */
  override getMessagesForTopicSince(topic: string, sinceId: bigint): Promise<Message[]> {
    return this.#since(topic, sinceId, "");
  }

  /** The first of `getMessagesForTopicSince`, or null. */
  override async getNextMessageForTopicSince(
    topic: string,
    sinceId: bigint,
  ): Promise<Message | null> {
    const [next] = await this.#since(topic, sinceId, "&limit=1");
    return next ?? null;
  }

  /** Servers that know times alone give what is not before the id's: the rest is left out here. */
  async #since(topic: string, sinceId: bigint, more: string): Promise<Message[]> {
    const timestamp = timestampOf(checkId(sinceId));
    const path = pathTo("/messages_since", { topic, timestamp: String(timestamp - 1) });
    const query = `${path.includes("?") ? "&" : "?"}since_id=${sinceId}${more}`;
    const { json, isRingbus } = await this.#send({ method: "GET", path: path + query });
    const messages = toMessages(json);
    if (isRingbus) return messages;
    return messages.filter((message) => {
      const messageMs = Math.floor(message.timestamp);
      return messageMs > timestamp || messageMs === timestamp && message.id > sinceId;
    });
  }

  /** The messages of a namespace with these ids, in the order asked. */
  override async getMessagesById(namespace: string, ids: readonly bigint[]): Promise<Message[]> {
    const found: Message[] = [];
    const asked = checkIds(ids);
    for (let at = 0; at < asked.length; at += IDS_PER_REQUEST) {
      const path = byId(namespace, asked.slice(at, at + IDS_PER_REQUEST));
      for (const message of toMessages(await this.#get(path))) found.push(message);
    }
    this.checkOpen();
    return found;
  }

  /** Deletes a message from all topics of a namespace; false if there was none. Ours alone does that. */
  async deleteMessage(namespace: string, id: bigint): Promise<boolean> {
    return await this.#delete(byId(namespace, checkIds([id]))) > 0;
  }

  /** Deletes a topic; the number of messages that were in it. Our server alone does that. */
  async deleteTopic(topic: string): Promise<number> {
    return await this.#delete(pathTo("/messages", { topic }));
  }

  /** Deletes a key, whatever it holds; false if there was none. Our server alone does that. */
  async deleteKey(key: string): Promise<boolean> {
    return await this.#delete(pathTo("/keys", { key })) > 0;
  }

  /** The topics that have messages. Our server alone tells. */
  async listTopics(): Promise<TopicInfo[]> {
    return (await this.#get("/topics") as { topics: TopicInfo[] }).topics;
  }

  /** Sets a key; `ex` is its time to live in seconds. */
  async set(key: string, value: unknown, options: { ex?: number } = {}): Promise<void> {
    const { ex = null } = options;
    checkFinite("ex", ex);
    await this.#post("/set", { key, value, ex });
  }

  /** The value of a key, or null. */
  async get(key: string): Promise<unknown> {
    return (await this.#get(pathTo("/get", { key })) as { value: unknown }).value;
  }

  /** Sets one field of a hash. */
  async hset(key: string, field: string, value: unknown): Promise<void> {
    await this.#post("/hset", { key, field, value });
  }

  /** The value of one field of a hash, or null. */
  async hget(key: string, field: string): Promise<unknown> {
    return (await this.#get(pathTo("/hget", { key, field })) as { value: unknown }).value;
  }

  /** Adds members to a set; fulfilled with the number of those that were new. */
  async sadd(key: string, ...members: unknown[]): Promise<number> {
    return (await this.#post("/sadd", { key, members }) as { added: number }).added;
  }

  /** The members of a set, each once. */
  async smembers(key: string): Promise<unknown[]> {
    return (await this.#get(pathTo("/smembers", { key })) as { members: unknown[] }).members;
  }

  /** Hands a text or other JSON value to those who subscribe to a channel now. */
  async publish(channel: string, message: unknown): Promise<number> {
    const response = await this.#post("/publish", { channel, message });
    return (response as { subscribers: number }).subscribers;
  }

  /** Begins the subscription to a topic. */
  protected override async openTopic(topic: string): Promise<void> {
    await this.#subscription("open", { kind: "topic", name: topic });
  }

  /** Ends the subscription to a topic. */
  protected override async closeTopic(topic: string): Promise<void> {
    await this.#subscription("close", { kind: "topic", name: topic });
  }

  /** Begins the subscription to a pattern. */
  protected override async openPattern(pattern: string): Promise<void> {
    await this.#subscription("open", { kind: "pattern", name: pattern });
  }

  /** Ends the subscription to a pattern. */
  protected override async closePattern(pattern: string): Promise<void> {
    await this.#subscription("close", { kind: "pattern", name: pattern });
  }

  async #subscription(action: "open" | "close", key: SubscriptionKey): Promise<void> {
    await this.#runSerially(({ poller }) => poller[action](key));
  }

  async #get(path: string): Promise<unknown> {
    return (await this.#send({ method: "GET", path })).json;
  }

  async #delete(path: string): Promise<number> {
    return ((await this.#send({ method: "DELETE", path })).json as { deleted: number }).deleted;
  }

  /** Writes the body now: what is changed afterwards is not sent. */
  async #post(path: string, body: Record<string, unknown>): Promise<unknown> {
    return (await this.#send({ method: "POST", path, body: stringifyJson(body) })).json;
  }

  #send(request: HttpRequest): Promise<HttpResponse> {
    const trace = traceFieldsOf(this, "http");
    return this.#runSerially(({ client }) => client.send({ ...request, trace }));
  }

  /** Does something with the link when all that was asked for before is done. */
  async #runSerially<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    this.checkOpen();
    const mine = this.#last.then(async () => {
      this.checkOpen();
      const connection = await this.#connected();
      return await work(connection);
    });
    this.#last = mine.catch(() => {});
    return await mine;
  }

  async #connected(): Promise<Connection> {
    const connection = this.#connection ??= this.#connect();
    try {
      return await connection;
    } catch (error) {
      this.#connection = undefined;
      throw error;
    }
  }

  async #connect(): Promise<Connection> {
    const server = this.#startsServer ? await this.#startServer() : undefined;
    this.#serverUrl = server?.url ?? this.#url!;
    const { token, timeoutMs = DEFAULT_TIMEOUT_MS } = this.#options;
    const client = new HttpClient(this.#serverUrl, token, timeoutMs);
    return { server, client, poller: new Poller(client, (entry) => this.#dispatch(entry)) };
  }

  async #startServer(): Promise<StartedServer> {
    const { serverMode, token } = this.#options;
    const at = this.#url === undefined ? {} : addressOf(this.#url);
    try {
      return await startSharedMemoryServer({ ...at, serverMode, token });
    } catch (cause) {
      const address = this.#url ?? "a free port of 127.0.0.1";
      throw new MessagingConnectionError(`starting a server failed: ${cause};`, address, { cause });
    }
  }

  #dispatch({ pattern, topic, channel, data }: PollEntry): void {
    const through = pattern === undefined ? {} : { pattern };
    try {
      if (topic !== undefined) this.dispatch(Message.fromJson(data), { topic, ...through });
      else {
        const { data: value, timestamp: timestampSeconds } = data as Published;
        this.dispatchPublished({ channel: channel!, ...through, data: value, timestampSeconds });
      }
    } catch (error) {
      logger.error("what the server sent is no message: {error}", { error });
    }
  }

  /** Lets the call under way end, tells the server, and stops it if it is ours. */
  protected override async close(): Promise<void> {
    const connection = await this.#connection?.catch(() => undefined);
    if (connection === undefined) return;
    const { client, poller, server } = connection;
    const stopTimer = startTimer(GRACEFUL_SHUTDOWN_MS, () => client.abort());
    await this.#last;
    try {
      await poller.unsubscribeAll(GRACEFUL_SHUTDOWN_MS);
    } catch (error) {
      logger.debug("the server did not hear that a subscriber left: {error}", { error });
    }
    stopTimer();
    client.close();
    await poller.ended();
    await server?.stop();
  }
}

/** What came through a channel, as the protocol has it. */
interface Published {
  readonly data: unknown;
  readonly timestamp?: number;
}

function toMessages(json: unknown): Message[] {
  return (json as unknown[]).map((each) => Message.fromJson(each));
}

function byId(namespace: string, ids: readonly bigint[]): string {
  return `/messages_by_id/?${new URLSearchParams([
    ["namespace", namespace],
    ...ids.map((id) => ["ids", String(id)]),
  ])}`;
}

/** JSON turns NaN and the like into null, which has another meaning. */
function checkFinite(name: string, seconds: number | null): void {
  if (seconds === null || Number.isFinite(seconds)) return;
  throw new MessagingRefusedError(
    `${name} must be a number of seconds, more than 0, not ${formatValue(seconds)}`,
  );
}

function checkUrl(serverUrl: string): string {
  const url = URL.parse(serverUrl);
  if (url !== null && /^https?:$/.test(url.protocol)) {
    return url.origin + url.pathname.replace(/\/$/, "");
  }
  throw new TypeError(
    `serverUrl must be the URL of an HTTP server, such as "http://localhost:8080", not ${
      formatValue(serverUrl)
    }`,
  );
}

function addressOf(url: string): { host: string; port: number } {
  const { hostname, port } = new URL(url);
  return { host: hostname.replace(/^\[(.*)\]$/, "$1"), port: Number(port || 80) };
}
