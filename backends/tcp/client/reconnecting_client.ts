/**
 * A client's connection that is made when there is need for it, and made anew when it is lost.
 *
 * @module
 */

import { logger } from "../../../lib/base/log.ts";
import { MessagingClosedError, MessagingConnectionError } from "../../messaging/errors.ts";
import type { TraceFields } from "../../messaging/trace_fields.ts";
import type { RunningServer } from "../../hosting/mode.ts";
import { startOrAttach, startServer } from "../../hosting/start.ts";
import { textArgument } from "../protocol/arguments.ts";
import type { CheckedBackendOptions, SubscriptionGap } from "./options.ts";
import { Link } from "./connection.ts";
import { SERVER_KIND } from "../server/launch.ts";

/** Milliseconds before the first attempt to reach a lost server again; each next waits twice as long. */
const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 2000;

/** Keeps a connection, and the subscriptions in force on it. */
export class Connector {
  /** Topics that are subscribed to. */
  readonly topics: Set<string> = new Set();
  /** Patterns that are subscribed to. */
  readonly patterns: Set<string> = new Set();
  readonly #options: CheckedBackendOptions;
  readonly #onPush: (line: string) => void;
  readonly #closing = new AbortController();
  #link: Link | undefined;
  #connecting: Promise<Link> | undefined;
  #recovering: Promise<void> | undefined;
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
  async ask(line: string, trace?: TraceFields): Promise<string> {
    const link = this.#link ?? await this.connect();
    // A server that knows no traces refuses them, and that is all.
    if (trace !== undefined) link.ask(traceLine(trace)).catch(() => {});
    return await link.ask(line);
  }

  /** Sends a command that is only of use on the connection there is now. */
  async tell(line: string): Promise<void> {
    try {
      const link = this.#link ?? await this.#connecting;
      await link?.ask(line);
    } catch (error) {
      // With the connection went what the command was to end.
      if (!(error instanceof MessagingConnectionError)) throw error;
    }
  }

  /** Connects, unless that is done or under way. */
  connect(): Promise<Link> {
    if (this.#link !== undefined) return Promise.resolve(this.#link);
    if (this.#connecting !== undefined) return this.#connecting;
    const connecting = this.#open();
    this.#connecting = connecting;
    // Before all who wait for it: nobody overtakes them.
    connecting.then((link) => this.#keep(link), () => this.#connecting = undefined);
    return connecting;
  }

  #keep(link: Link): void {
    this.#connecting = undefined;
    if (link.isLost) this.#noteLoss();
    else this.#link = link;
  }

  async #open(): Promise<Link> {
    const link = await this.#reach();
    try {
      this.#checkOpen();
      await this.#greet(link);
      this.#checkOpen();
      return link;
    } catch (error) {
      await link.close(closedError());
      throw error;
    }
  }

  /** Connects to the server that is there, or to one that is started. */
  async #reach(): Promise<Link> {
    try {
      return await this.#dial();
    } catch (error) {
      if (!this.#options.autoStartServer || !isRefusal(error)) throw error;
      await this.#startServer();
      return await this.#dial();
    }
  }

  async #dial(): Promise<Link> {
    const { host, port, timeoutMs } = this.#options;
    const { signal } = this.#closing;
    const onLost = (error: MessagingConnectionError) => this.#lose(link, error);
    let link: Link | undefined;
    try {
      link = await Link.open({ host, port, timeoutMs, signal, onPush: this.#onPush, onLost });
      return link;
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
      () => this.#answers(),
    );
    this.#checkOpen();
  }

  async #answers(): Promise<boolean> {
    const { host, port, timeoutMs } = this.#options;
    const { signal } = this.#closing;
    try {
      const link = await Link.open({ host, port, timeoutMs, signal, onPush() {}, onLost() {} });
      const answer = await link.ask("PING").finally(() => link.close(closedError()));
      return answer === "PONG";
    } catch {
      return false;
    }
  }

  /** What comes first on a connection: the token, and the subscriptions there were. */
  async #greet(link: Link): Promise<void> {
    const { token } = this.#options;
    const topics = [...this.topics];
    const patterns = [...this.patterns];
    await Promise.all([
      ...token === undefined ? [] : [link.ask(`AUTH ${textArgument(token)}`)],
      ...topics.map((topic) => link.ask(`SUBSCRIBE ${textArgument(topic)}`)),
      ...patterns.map((pattern) => link.ask(`PSUBSCRIBE ${textArgument(pattern)}`)),
    ]);
    const fromMs = this.#lostAtMs;
    this.#lostAtMs = undefined;
    if (fromMs !== undefined) this.#tellGap({ fromMs, untilMs: Date.now(), topics, patterns });
  }

  #tellGap(gap: SubscriptionGap): void {
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

  #lose(link: Link | undefined, error: MessagingConnectionError): void {
    if (link === undefined || link !== this.#link) return;
    logger.debug("{error}", { error });
    this.#link = undefined;
    this.#noteLoss();
  }

  #noteLoss(): void {
    if (this.topics.size + this.patterns.size === 0) return;
    this.#lostAtMs ??= Date.now();
    this.#recovering ??= this.#recover().finally(() => this.#recovering = undefined);
  }

  /** Tries to connect until that succeeds, or there is no more reason to. */
  async #recover(): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS;
    while (this.#link === undefined && !this.#closing.signal.aborted) {
      try {
        await this.connect();
      } catch (error) {
        logger.debug("{error}", { error });
        await pause(pauseMs * (0.5 + Math.random() / 2), this.#closing.signal);
        pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
      }
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
    const link = this.#link;
    this.#link = undefined;
    await link?.close(closedError());
    await Promise.allSettled([this.#connecting, this.#recovering]);
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

function isRefusal(error: unknown): boolean {
  return error instanceof Error && error.cause instanceof Deno.errors.ConnectionRefused;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
  });
}
