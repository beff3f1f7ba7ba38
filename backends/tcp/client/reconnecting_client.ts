/**
 * A client's connection that opens at the first call, and opens again when it is lost.
 *
 * @module
 */

import { pluralize } from "../../../lib/base/pluralize.ts";
import { afterCommit } from "../../../lib/base/after_commit.ts";
import { logger } from "../../../lib/base/log.ts";
import { LossReports } from "../../../lib/base/loss_reports.ts";
import { type BackoffOptions, retry } from "../../../lib/base/retry.ts";
import type { ContextHeaders } from "../../../lib/base/context_headers.ts";
import { MessagingConnectionError } from "../../messaging/errors.ts";
import { OPERATIONS } from "../../store/operations.ts";
import { textArgument } from "../protocol/arguments.ts";
import type { CheckedBackendOptions, SubscriptionGap } from "./options.ts";
import type { ClientConnection } from "./connection.ts";
import { closedError, Dialer } from "./dialer.ts";
import { lineOf } from "./requests.ts";

/** Delays before attempts to reach a lost server again. */
const RECONNECT_BACKOFF: BackoffOptions = { initialMs: 20, maxMs: 2000 };

/** What a subscription names. */
export type SubscriptionKind = "topic" | "pattern";

/** Keeps a connection, and its subscriptions in force. */
export class ReconnectingClient {
  readonly #topics = new Set<string>();
  readonly #patterns = new Set<string>();
  readonly #options: CheckedBackendOptions;
  readonly #closing = new AbortController();
  readonly #dialer: Dialer;
  #connection: ClientConnection | undefined;
  #connecting: Promise<ClientConnection> | undefined;
  #reconnecting: Promise<void> | undefined;
  #lostAtMs: number | undefined;
  /** True once there was a subscription. */
  #isSubscriber = false;
  readonly #losses: LossReports;
  #dropped = 0;

  constructor(options: CheckedBackendOptions, onPush: (line: string) => void) {
    this.#options = options;
    this.#dialer = new Dialer(options, this.#closing.signal, {
      onPush,
      onDropped: (connection, count) => this.#reportDropped(connection, count),
    });
    this.#losses = new LossReports((count, total) => warnOfLoss(this.address, count, total));
  }

  /** Host and port of the server. */
  get address(): string {
    return this.#dialer.address;
  }

  /** Sends a command, after the headers of its trace; returns the reply. */
  async request(line: string, headers?: ContextHeaders): Promise<string> {
    const connection = this.#connection ?? await this.connect();
    if (headers !== undefined) sendHeaders(connection, headers);
    return await connection.request(line);
  }

  /** Sends a command that concerns the current connection only. */
  async sendIfConnected(line: string): Promise<void> {
    try {
      const connection = this.#connection ?? await this.#connecting;
      await connection?.request(line);
    } catch (error) {
      // The lost connection has ended the subscription already.
      if (!(error instanceof MessagingConnectionError)) throw error;
    }
  }

  /** Connects, unless a connection is open or being opened. */
  connect(): Promise<ClientConnection> {
    if (this.#connection !== undefined) return Promise.resolve(this.#connection);
    if (this.#connecting !== undefined) return this.#connecting;
    const connecting = this.#open();
    this.#connecting = connecting;
    // Set before the calls that wait for it continue, so that later calls do not overtake them.
    connecting.then(
      (connection) => this.#setConnection(connection),
      () => this.#connecting = undefined,
    );
    return connecting;
  }

  #setConnection(connection: ClientConnection): void {
    this.#connecting = undefined;
    if (connection.isLost) this.#scheduleReconnect();
    else this.#connection = connection;
    connection.isListening = this.#hasSubscriptions;
  }

  get #hasSubscriptions(): boolean {
    return this.#topics.size + this.#patterns.size > 0;
  }

  /** Connects for a subscription. */
  async prepareSubscription(): Promise<void> {
    this.#isSubscriber = true;
    const connection = await this.connect();
    connection.askForDropped();
  }

  /** Remembers a subscription, so that the next connection begins with it. */
  add(kind: SubscriptionKind, name: string): void {
    this.#namesOf(kind).add(name);
    if (this.#connection !== undefined) this.#connection.isListening = true;
  }

  /** Forgets a subscription. */
  remove(kind: SubscriptionKind, name: string): void {
    this.#namesOf(kind).delete(name);
    if (this.#connection !== undefined) this.#connection.isListening = this.#hasSubscriptions;
  }

  #namesOf(kind: SubscriptionKind): Set<string> {
    return kind === "topic" ? this.#topics : this.#patterns;
  }

  async #open(): Promise<ClientConnection> {
    const connection = await this.#dialer.open((lost, error) =>
      this.#onConnectionLost(lost, error)
    );
    try {
      this.#checkOpen();
      await this.#handshake(connection);
      this.#checkOpen();
      return connection;
    } catch (error) {
      await connection.close(closedError());
      throw error;
    }
  }

  /** Sends what a connection begins with: the token, and the subscriptions in force. */
  async #handshake(connection: ClientConnection): Promise<void> {
    const { token, acceptsHeaders } = this.#options;
    const topics = [...this.#topics];
    const patterns = [...this.#patterns];
    const authenticated = token === undefined
      ? undefined
      : connection.request(`AUTH ${textArgument(token)}`);
    if (this.#isSubscriber) connection.askForDropped();
    await Promise.all([
      authenticated,
      ...acceptsHeaders ? [sendHeaders(connection, {})] : [],
      ...topics.map((topic) => connection.request(lineOf(OPERATIONS.subscribe, { topic }))),
      ...patterns.map((pattern) => connection.request(lineOf(OPERATIONS.psubscribe, { pattern }))),
    ]);
    const fromMs = this.#lostAtMs;
    this.#lostAtMs = undefined;
    if (fromMs !== undefined) this.#reportGap({ fromMs, untilMs: Date.now(), topics, patterns });
  }

  #reportGap(gap: SubscriptionGap): void {
    const { onGap } = this.#options;
    if (onGap === undefined) {
      const { fromMs, untilMs, topics, patterns } = gap;
      logger.warn("received no messages from {address} for {ms} ms on {topics} {patterns}", {
        address: this.address,
        ms: Math.max(0, untilMs - fromMs),
        topics,
        patterns,
      });
      return;
    }
    afterCommit("callback", "onGap", () => onGap(gap));
  }

  #reportDropped({ openedAtMs: fromMs }: ClientConnection, dropped: number): void {
    this.#losses.update(this.#dropped += dropped);
    const { onGap } = this.#options;
    if (onGap === undefined) return;
    const [topics, patterns] = [[...this.#topics], [...this.#patterns]];
    const gap = { fromMs, untilMs: Date.now(), dropped, topics, patterns };
    afterCommit("callback", "onGap", () => onGap(gap));
  }

  #onConnectionLost(connection: ClientConnection, error: MessagingConnectionError): void {
    if (connection !== this.#connection) return;
    logger.debug("{error}", { error });
    this.#connection = undefined;
    this.#scheduleReconnect();
  }

  #scheduleReconnect(): void {
    if (!this.#hasSubscriptions) return;
    this.#lostAtMs ??= Date.now();
    this.#reconnecting ??= this.#reconnect().finally(() => this.#reconnecting = undefined);
  }

  /** Tries to connect until that succeeds or the client is closed. */
  async #reconnect(): Promise<void> {
    try {
      await retry(() => this.connect(), {
        backoff: RECONNECT_BACKOFF,
        signal: this.#closing.signal,
        onRetry: (error) => logger.debug("{error}", { error }),
      });
    } catch {
      // The client was closed.
    }
  }

  #checkOpen(): void {
    if (this.#closing.signal.aborted) throw closedError();
  }

  /** Closes the connection, and stops the server that was started for it. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#losses.finish(this.#dropped);
    this.#topics.clear();
    this.#patterns.clear();
    const connection = this.#connection;
    this.#connection = undefined;
    await connection?.close(closedError());
    await Promise.allSettled([this.#connecting, this.#reconnecting]);
    await this.#dialer.stopServer();
  }
}

function warnOfLoss(address: string, count: number, total: number): void {
  logger.warn(
    "this backend missed {messages}, {total} in all: its queue at the server {address} was full; " +
      "let its handlers do less, or raise maxQueueLength or maxQueueBytes of the server; " +
      "getMessagesStoredAfter() returns the stored ones",
    { address, messages: pluralize(count, "message"), count, total },
  );
}

/** Sends headers for the next command. A server without the command TRACE rejects it: no harm is done. */
async function sendHeaders(connection: ClientConnection, headers: ContextHeaders): Promise<void> {
  const { traceparent = "", tracestate = "", baggage = "" } = headers;
  const args = [traceparent, tracestate, baggage].map(textArgument);
  await connection.request(`TRACE ${args.join(" ")}`).catch(() => {});
}
