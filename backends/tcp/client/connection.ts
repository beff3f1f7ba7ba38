/**
 * A client's connection to a server of the line protocol. Commands of one turn of the event loop share a
 * write. Replies arrive in the order of the commands.
 *
 * @module
 */

import { pluralize } from "../../../lib/base/pluralize.ts";
import { isTurnDue, takeTurn, withTurn } from "../../../lib/base/turn.ts";
import { withTimer } from "../../../lib/base/timer.ts";
import { Deque } from "../../../lib/base/deque.ts";
import { RingbusError } from "../../../lib/base/errors.ts";
import { addressText } from "../../hosting/endpoint.ts";
import { MessagingConnectionError, MessagingRefusedError } from "../../messaging/errors.ts";
import { type LineFault, LineReader } from "../protocol/line_reader.ts";
import { LineSplitter } from "../protocol/line_splitter.ts";
import { Writer } from "../protocol/writer.ts";
import { messageOf } from "../../../lib/base/thrown.ts";

/** Longest line: the longest string of V8. */
const MAX_LINE_BYTES = 2 ** 29 - 24;
/** Checks for a live server in the time of one timeout. */
const CHECKS_PER_TIMEOUT = 4;
/** Longest time between two checks, in milliseconds. */
const MAX_CHECK_INTERVAL_MS = 60_000;

/** Options of a connection. */
export interface ClientConnectionOptions {
  readonly host: string;
  readonly port: number;
  /** Milliseconds of silence after which the connection is given up. */
  readonly timeoutMs: number;
  /** Most bytes of a line of the server. */
  readonly maxReplyBytes: number;
  /** Aborts the attempt to connect. */
  readonly signal: AbortSignal;
  /** Called with each pushed line. */
  onPush?(line: string): void;
  /** Called when the server has dropped pushes for this connection, which read too slowly. */
  onDropped?(connection: ClientConnection, count: number): void;
  /** Called once if the connection is lost, but not after `close`. */
  onLost(connection: ClientConnection, error: MessagingConnectionError): void;
}

interface PendingCall {
  readonly resolve: (reply: string) => void;
  readonly reject: (error: Error) => void;
}

const ERROR = /^ERROR (?:"(.*)"|(.*))$/;
const DROPPED = /^DROPPED (\d+)$/;
const TOKEN_REASONS: ReadonlySet<string> = new Set([
  "wrong token",
  "send AUTH with the token first",
]);

/** An open connection. */
export class ClientConnection {
  readonly #conn: Deno.TcpConn;
  readonly #options: ClientConnectionOptions;
  readonly #reader: LineReader;
  readonly #lines: LineSplitter;
  readonly #writer: Writer;
  readonly #calls = new Deque<PendingCall>();
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #reading: Promise<void>;
  #lastReadAtMs = performance.now();
  #isFlushing = false;
  #isReferenced = true;
  #isListening = false;
  #isAskedForDropped = false;
  /** When the connection was opened, in milliseconds of the Unix epoch. */
  readonly openedAtMs: number = Date.now();
  #error: Error | undefined;

  /** Connects. */
  static async open(options: ClientConnectionOptions): Promise<ClientConnection> {
    const { host: hostname, port, timeoutMs } = options;
    const late = new AbortController();
    const signal = AbortSignal.any([late.signal, options.signal]);
    const connecting = Deno.connect({ hostname, port, signal });
    const conn = await withTimer(
      connecting,
      timeoutMs,
      () => late.abort(new SilenceError(timeoutMs)),
    );
    return new ClientConnection(conn, options);
  }

  private constructor(conn: Deno.TcpConn, options: ClientConnectionOptions) {
    this.#conn = conn;
    this.#options = options;
    this.#reader = new LineReader(Math.min(options.maxReplyBytes, MAX_LINE_BYTES));
    this.#lines = new LineSplitter(this.#reader);
    conn.setNoDelay(true);
    this.#writer = new Writer({
      write: (bytes) => withTurn(() => conn.write(bytes)),
      onError: (error) => this.#fail(error),
    });
    const intervalMs = Math.min(options.timeoutMs / CHECKS_PER_TIMEOUT, MAX_CHECK_INTERVAL_MS);
    this.#timer = setInterval(() => this.#checkLiveness(), intervalMs);
    // While a call waits, reading for its reply keeps the program alive, and with it the timer.
    Deno.unrefTimer(this.#timer);
    this.#reading = this.#read();
    this.#updateReference();
  }

  /** True after the connection was lost or closed. */
  get isLost(): boolean {
    return this.#error !== undefined;
  }

  /**
   * Sends a command; returns the reply.
   *
   * @throws {MessagingRefusedError} if the server replies with an error
   * @throws {MessagingConnectionError} if the connection is lost
   */
  request(line: string): Promise<string> {
    if (this.#error !== undefined) return Promise.reject(this.#error);
    if (this.#calls.length === 0) this.#lastReadAtMs = performance.now();
    this.#writer.buffer.writeLine(line);
    this.#flushSoon();
    return new Promise((resolve, reject) => {
      this.#calls.push({ resolve, reject });
      this.#updateReference();
    });
  }

  /** Whether the client waits for pushes. Then the connection keeps the program alive. */
  set isListening(isListening: boolean) {
    this.#isListening = isListening;
    this.#updateReference();
  }

  /**
   * Asks for reports of pushes that are dropped, once. It comes before the first subscription, so that
   * reports lie between pushes where they belong. A server without the command rejects it: no harm is done.
   */
  askForDropped(): void {
    if (this.#isAskedForDropped) return;
    this.#isAskedForDropped = true;
    this.request("REPORT_DROPPED").catch(() => {});
  }

  /** The connection keeps the program alive while something is to arrive. */
  #updateReference(): void {
    const isNeeded = this.#calls.length > 0 || this.#isListening;
    if (isNeeded === this.#isReferenced || this.#error !== undefined) return;
    this.#isReferenced = isNeeded;
    if (isNeeded) this.#conn.ref();
    else this.#conn.unref();
  }

  /** Sends the commands of this turn of the event loop with one write. */
  #flushSoon(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    queueMicrotask(() => {
      this.#isFlushing = false;
      this.#writer.flush();
    });
  }

  async #read(): Promise<void> {
    try {
      for (;;) {
        const count = await this.#conn.read(this.#reader.space());
        if (count === null) throw new Error("the server closed the connection");
        this.#lastReadAtMs = performance.now();
        this.#reader.filled(count);
        await this.#handleLines();
        this.#updateReference();
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  async #handleLines(): Promise<void> {
    while (this.#error === undefined) {
      const line = this.#lines.next();
      if (line === undefined) {
        // Its end may never arrive.
        if (this.#reader.isSkipping) throw this.#faultError("too long");
        return;
      }
      if (typeof line !== "string") throw this.#faultError(line.fault);
      this.#handleLine(line);
      if (isTurnDue()) await takeTurn();
    }
  }

  #faultError(fault: LineFault): Error {
    if (fault !== "too long") return new Error(`the server sent a line that is ${fault}`);
    return new Error(
      `the server sent a reply of more than ${pluralize(this.#reader.maxLineBytes, "byte")}: ` +
        `ask for less, or raise ` +
        "maxReplyBytes",
    );
  }

  #handleLine(line: string): void {
    if (line.startsWith("MESSAGE ") || line.startsWith("PMESSAGE ")) {
      this.#options.onPush?.(line);
      return;
    }
    const dropped = DROPPED.exec(line);
    if (dropped !== null) return this.#options.onDropped?.(this, Number(dropped[1]));
    const call = this.#calls.shift();
    const errorMatch = ERROR.exec(line);
    if (call === undefined) {
      throw new Error(`the server sent ${line.slice(0, 200)} without a command`);
    }
    if (errorMatch === null) call.resolve(line);
    else call.reject(this.#refusal(errorMatch[1] ?? errorMatch[2]));
  }

  /** What the server says of a token is meant for who writes its lines. */
  #refusal(reason: string): MessagingRefusedError {
    if (!TOKEN_REASONS.has(reason)) return new MessagingRefusedError(reason);
    const { host, port } = this.#options;
    return new MessagingRefusedError(
      `the server at ${
        addressText(host, port)
      } replied: ${reason}; pass its token to the backend, ` +
        "with the option token",
    );
  }

  /** Detects a server that is gone without closing the connection: it does not reply to `PING`. */
  #checkLiveness(): void {
    const { timeoutMs } = this.#options;
    const silentMs = performance.now() - this.#lastReadAtMs;
    if (this.#calls.length > 0) {
      if (silentMs >= timeoutMs) this.#fail(new SilenceError(timeoutMs));
    } else if (silentMs >= timeoutMs / CHECKS_PER_TIMEOUT) this.request("PING").catch(() => {});
  }

  #fail(cause: unknown): void {
    if (this.#error !== undefined) return;
    const { host, port, onLost } = this.#options;
    const reason = messageOf(cause);
    const error = new MessagingConnectionError(
      `lost the connection (${reason}) to the TCP server`,
      addressText(host, port),
      { cause },
    );
    this.#end(error);
    onLost(this, error);
  }

  #end(error: Error): void {
    this.#error = error;
    clearInterval(this.#timer);
    // Closing is waited for: that keeps the program alive.
    this.#conn.ref();
    this.#conn.close();
    for (const { reject } of this.#calls.drain()) reject(error);
  }

  /** Closes the connection. Calls without a reply are rejected with `error`. */
  async close(error: Error): Promise<void> {
    if (this.#error === undefined) this.#end(error);
    await this.#reading;
  }
}

/** The server did not reply in time. */
export class SilenceError extends RingbusError {
  /** The class name. */
  override name = "SilenceError";
  /** Stable code of the class. */
  override readonly code: string = "tcp-silence";

  constructor(timeoutMs: number) {
    super(`no reply for ${timeoutMs} ms`);
  }
}
