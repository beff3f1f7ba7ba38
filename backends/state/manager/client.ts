/**
 * Sends the calls of a client to the server of shared state, in their order, and repeats them on the
 * next connection when one is lost. That is safe because writes are numbered, and the server carries out
 * none of them twice.
 *
 * @module
 */

import { Deque } from "../../../lib/base/deque.ts";
import { Backoff, type BackoffOptions, retry } from "../../../lib/base/retry.ts";
import { sleep } from "../../../lib/base/sleep.ts";
import { MessagingConnectionError } from "../../messaging/errors.ts";
import type { ClientConnection } from "../../tcp/client/connection.ts";
import { SharedBackendError } from "../errors.ts";
import { CALL_WINDOW } from "./write_dedup.ts";
import { Dialer, type ManagerAddress, TransientError, waitForStarted } from "./dialer.ts";

/** Milliseconds to connect for the first time, and to connect again. */
const CONNECT_TIMEOUT_MS = 10_000;
const RECONNECT_TIMEOUT_MS = 30_000;
/** Delays between attempts. */
const BACKOFF: BackoffOptions = { initialMs: 25, maxMs: 100 };

interface PendingCall {
  readonly line: string;
  readonly resolve: (reply: string) => void;
  readonly reject: (error: Error) => void;
}

/** The calls of one client. */
export class ManagerClient {
  readonly #dialer: Dialer;
  readonly #waiting = new Deque<PendingCall>();
  /** Calls without a reply, in their order. */
  readonly #sent = new Set<PendingCall>();
  #writes = 0;
  #connection: ClientConnection | undefined;
  #opening: Promise<void> | undefined;
  /** When calls are given up, unless a reply arrives. Undefined after a reply. */
  #deadlineMs: number | undefined;
  /** Delays while connections are lost before a reply arrives. */
  readonly #backoff = new Backoff(BACKOFF);
  readonly #closing = new AbortController();
  #idle: PromiseWithResolvers<void> | undefined;

  constructor(address: ManagerAddress) {
    this.#dialer = new Dialer(address);
  }

  /** Connects, unless the client is connected. */
  async open(): Promise<void> {
    await this.request("PING");
  }

  /** Sends a command, and returns the reply. */
  request(line: string): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ line, resolve, reject });
      this.#pump();
    });
  }

  /** Sends a command that changes the state, and returns the reply. */
  write(command: string, ...args: string[]): Promise<string> {
    return this.request([command, ++this.#writes, ...args].join(" "));
  }

  #pump(): void {
    if (this.#connection === undefined) {
      this.#opening ??= this.#open().finally(() => this.#opening = undefined);
      return;
    }
    while (this.#sent.size < CALL_WINDOW && this.#waiting.length > 0) {
      this.#send(this.#connection, this.#waiting.shift()!);
    }
  }

  #send(connection: ClientConnection, call: PendingCall): void {
    this.#sent.add(call);
    connection.request(call.line).then(
      (reply) => this.#finish(call, () => call.resolve(reply)),
      (error) => {
        // The next connection repeats the call.
        if (error instanceof MessagingConnectionError) return;
        this.#finish(call, () => call.reject(this.#requestError(error)));
      },
    );
  }

  #finish(call: PendingCall, settle: () => void): void {
    // A call that was repeated may have two replies.
    if (!this.#sent.delete(call)) return;
    this.#deadlineMs = undefined;
    this.#backoff.reset();
    settle();
    if (this.#waiting.length > 0) this.#pump();
    else if (this.#sent.size === 0) this.#idle?.resolve();
  }

  #requestError(cause: Error): SharedBackendError {
    return new SharedBackendError(
      `the manager at ${this.#dialer.endpoint} rejected a call: ${cause.message}`,
      { cause },
    );
  }

  async #open(): Promise<void> {
    try {
      const connection = await this.#connectWithRetry();
      this.#connection = connection;
      for (const call of [...this.#sent]) this.#send(connection, call);
      this.#pump();
    } catch (error) {
      this.#rejectAll(error as Error);
    }
  }

  /** Connects, and repeats that while it may succeed. */
  async #connectWithRetry(): Promise<ClientConnection> {
    const timeoutMs = this.#dialer.isBound ? RECONNECT_TIMEOUT_MS : CONNECT_TIMEOUT_MS;
    if (this.#deadlineMs !== undefined) await sleep(this.#backoff.next(), this.#closing.signal);
    const deadlineMs = this.#deadlineMs ??= performance.now() + timeoutMs;
    try {
      if (performance.now() > deadlineMs) {
        throw new TransientError("each connection was lost before a reply arrived");
      }
      return await retry(() => this.#dial(), {
        backoff: BACKOFF,
        signal: this.#closing.signal,
        shouldRetry: (error) => this.#isWorthRetrying(error) && performance.now() <= deadlineMs,
      });
    } catch (error) {
      throw this.#dialer.explain(error);
    }
  }

  #isWorthRetrying(error: unknown): boolean {
    return error instanceof TransientError && (this.#dialer.isBound || this.#dialer.mayStart);
  }

  async #dial(): Promise<ClientConnection> {
    const connection = await this.#dialer.open((lost) => this.#onConnectionLost(lost));
    if (connection.isLost) throw new TransientError("the connection was lost at once");
    return connection;
  }

  #onConnectionLost(connection: ClientConnection): void {
    if (connection !== this.#connection) return;
    this.#connection = undefined;
    if (this.#sent.size + this.#waiting.length > 0) this.#pump();
  }

  #rejectAll(error: Error): void {
    const calls = [...this.#sent, ...this.#waiting.drain()];
    this.#sent.clear();
    this.#deadlineMs = undefined;
    for (const { reject } of calls) reject(error);
    this.#idle?.resolve();
  }

  /**
   * Waits for pending calls, and leaves the server. If the server ends with that, and this process has
   * started it, waits for its end.
   */
  async close(): Promise<void> {
    this.#closing.abort();
    if (this.#sent.size + this.#waiting.length > 0) {
      this.#idle = Promise.withResolvers();
      await this.#idle.promise;
    }
    await this.#opening;
    const connection = this.#connection;
    this.#connection = undefined;
    if (connection === undefined) return;
    const reply = await connection.request("STATE_LEAVE").catch(() => undefined);
    await connection.close(new Error("closed"));
    if (reply === "OK LAST") await waitForStarted(this.#dialer.endpoint);
  }
}
