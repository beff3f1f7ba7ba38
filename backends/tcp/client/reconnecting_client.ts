/**
 * A client's connection that is made when there is need for it, and made anew when it is lost.
 *
 * @module
 */

import { logger } from "../../../lib/base/log.ts";
import { type BackoffOptions, retry } from "../../../lib/base/retry.ts";
import { MessagingClosedError, MessagingConnectionError } from "../../messaging/errors.ts";
import type { TraceFields } from "../../messaging/trace_fields.ts";
import type { RunningServer } from "../../hosting/mode.ts";
import { type ProbeResult, startOrAttach, startServer } from "../../hosting/start.ts";
import { OPERATIONS } from "../../store/operations.ts";
import { textArgument } from "../protocol/arguments.ts";
import type { CheckedBackendOptions, SubscriptionGap } from "./options.ts";
import { ClientConnection, SilenceError } from "./connection.ts";
import { lineOf } from "./requests.ts";
import { SERVER_KIND } from "../server/launch.ts";

/** Delays before attempts to reach a lost server again. */
const RECONNECT_BACKOFF: BackoffOptions = { initialMs: 20, maxMs: 2000 };

/** Keeps a connection, and the subscriptions in force on it. */
export class ReconnectingClient {
  /** Topics that are subscribed to. */
  readonly topics: Set<string> = new Set();
  /** Patterns that are subscribed to. */
  readonly patterns: Set<string> = new Set();
  readonly #options: CheckedBackendOptions;
  readonly #onPush: (line: string) => void;
  readonly #closing = new AbortController();
  #connection: ClientConnection | undefined;
  #connecting: Promise<ClientConnection> | undefined;
  #reconnecting: Promise<void> | undefined;
  #server: RunningServer | undefined;
  #lostAtMs: number | undefined;

  constructor(options: CheckedBackendOptions, onPush: (line: string) => void) {
    this.#options = options;
    this.#onPush = onPush;
  }

  /** Where the server is. */
  get address(): string {
    return `${this.#options.host}:${this.#options.port}`;
  }

  /** Sends a command, and before it the trace that it belongs to, once connected; its answer. */
  async request(line: string, trace?: TraceFields): Promise<string> {
    const connection = this.#connection ?? await this.connect();
    // A server that knows no traces refuses them, and that is all.
    if (trace !== undefined) connection.request(traceLine(trace)).catch(() => {});
    return await connection.request(line);
  }

  /** Sends a command that is only of use on the connection there is now. */
  async sendIfConnected(line: string): Promise<void> {
    try {
      const connection = this.#connection ?? await this.#connecting;
      await connection?.request(line);
    } catch (error) {
      // With the connection went what the command was to end.
      if (!(error instanceof MessagingConnectionError)) throw error;
    }
  }

  /** Connects, unless that is done or under way. */
  connect(): Promise<ClientConnection> {
    if (this.#connection !== undefined) return Promise.resolve(this.#connection);
    if (this.#connecting !== undefined) return this.#connecting;
    const connecting = this.#open();
    this.#connecting = connecting;
    // Before all who wait for it: nobody overtakes them.
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
  }

  async #open(): Promise<ClientConnection> {
    const connection = await this.#connectOrStart();
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

  /** Connects to the server that is there, or to one that is started. */
  async #connectOrStart(): Promise<ClientConnection> {
    try {
      return await this.#dial();
    } catch (error) {
      if (!this.#options.autoStartServer || !isConnectionRefused(error)) throw error;
      await this.#startServer();
      return await this.#dial();
    }
  }

  async #dial(): Promise<ClientConnection> {
    const { host, port, timeoutMs } = this.#options;
    const { signal } = this.#closing;
    const onLost = (error: MessagingConnectionError) => this.#onConnectionLost(connection, error);
    let connection: ClientConnection | undefined;
    try {
      connection = await ClientConnection.open({
        host,
        port,
        timeoutMs,
        signal,
        onPush: this.#onPush,
        onLost,
      });
      return connection;
    } catch (cause) {
      this.#checkOpen();
      throw new MessagingConnectionError(
        `cannot connect (${(cause as Error).message}) to the TCP server`,
        this.address,
        { cause },
      );
    }
  }

  async #startServer(): Promise<void> {
    const { host, port, token, serverMode } = this.#options;
    await this.#server?.stop();
    this.#checkOpen();
    this.#server = await startOrAttach(
      this.address,
      () => startServer(SERVER_KIND, { host, port, token }, serverMode),
      () => this.#probe(),
    );
    this.#checkOpen();
  }

  /** Checks which server listens at the address. */
  async #probe(): Promise<ProbeResult> {
    const { host, port, timeoutMs } = this.#options;
    const { signal } = this.#closing;
    try {
      const connection = await ClientConnection.open({
        host,
        port,
        timeoutMs,
        signal,
        onPush() {},
        onLost() {},
      });
      const reply = await connection.request("PING").finally(() => connection.close(closedError()));
      return reply === "PONG" ? "responding" : "foreign";
    } catch (error) {
      if (error instanceof Deno.errors.ConnectionRefused) return "refused";
      const cause = error instanceof MessagingConnectionError ? error.cause : error;
      return cause instanceof SilenceError ? "silent" : "foreign";
    }
  }

  /** What comes first on a connection: the token, and the subscriptions there were. */
  async #handshake(connection: ClientConnection): Promise<void> {
    const { token } = this.#options;
    const topics = [...this.topics];
    const patterns = [...this.patterns];
    await Promise.all([
      ...token === undefined ? [] : [connection.request(`AUTH ${textArgument(token)}`)],
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
      logger.warn("no messages were pushed from {address} for {ms} ms on {topics} {patterns}", {
        address: this.address,
        ms: untilMs - fromMs,
        topics,
        patterns,
      });
      return;
    }
    try {
      onGap(gap);
    } catch (error) {
      logger.error("onGap failed: {error}", { error });
    }
  }

  #onConnectionLost(
    connection: ClientConnection | undefined,
    error: MessagingConnectionError,
  ): void {
    if (connection === undefined || connection !== this.#connection) return;
    logger.debug("{error}", { error });
    this.#connection = undefined;
    this.#scheduleReconnect();
  }

  #scheduleReconnect(): void {
    if (this.topics.size + this.patterns.size === 0) return;
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

  /** Ends the connection, and the server that was started for it. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.topics.clear();
    this.patterns.clear();
    const connection = this.#connection;
    this.#connection = undefined;
    await connection?.close(closedError());
    await Promise.allSettled([this.#connecting, this.#reconnecting]);
    await this.#server?.stop();
  }
}

function traceLine({ traceparent, tracestate }: TraceFields): string {
  const fields = tracestate === undefined ? [traceparent] : [traceparent, tracestate];
  return `TRACE ${fields.map(textArgument).join(" ")}`;
}

function closedError(): MessagingClosedError {
  return new MessagingClosedError("the backend was closed by cleanup()");
}

function isConnectionRefused(error: unknown): boolean {
  return error instanceof Error && error.cause instanceof Deno.errors.ConnectionRefused;
}
