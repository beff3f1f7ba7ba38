/**
 * One client's connection: it reads commands for the session, and writes replies and pushes.
 *
 * @module
 */

import { isTurnDue, takeTurn, withTurn } from "../../../lib/base/turn.ts";
import { logger } from "../../../lib/base/log.ts";
import { Subscription, type SubscriptionQueueOptions } from "../../store/subscription.ts";
import { addressText } from "../../hosting/endpoint.ts";
import { drainInput } from "../../hosting/stop.ts";
import type { RespConnection } from "../../resp/server/connection.ts";
import type { RespFront } from "../../resp/server/front.ts";
import { LineReader } from "../protocol/line_reader.ts";
import { Writer } from "../protocol/writer.ts";
import { LineSession, type SessionContext } from "./session.ts";

/** Every message of RESP begins with this byte, and no line of this protocol does. */
const RESP_FIRST_BYTE = 0x2a;
/** Pending bytes of a connection that do not count: the memory of its objects is of this size, too. */
const FREE_PENDING_BYTES = 4096;

/** What the connections of a server share. */
export interface ConnectionContext {
  readonly session: SessionContext;
  /** Serves the clients that speak RESP. */
  readonly resp: RespFront;
  /** True if all connections speak RESP. */
  readonly isRespOnly: boolean;
  readonly queueOptions: Omit<SubscriptionQueueOptions, "onReady">;
}

/** An accepted connection. */
export class Connection {
  readonly #conn: Deno.TcpConn;
  readonly #context: ConnectionContext;
  readonly #reader: LineReader;
  readonly #writer: Writer;
  readonly #session: LineSession;
  readonly #subscription: Subscription;
  /** The connection in the hands of RESP, if the client speaks that. */
  #resp: RespConnection | undefined;
  #isFlushScheduled = false;
  #isShuttingDown = false;
  #isClosed = false;
  /** Fulfilled when the received commands are executed. */
  #work: Promise<void> = Promise.resolve();
  #lastActiveMs = performance.now();
  /** Pending bytes that the store's quota knows of. */
  #countedBytes = 0;

  constructor(conn: Deno.TcpConn, context: ConnectionContext) {
    this.#conn = conn;
    this.#context = context;
    this.#reader = new LineReader(context.session.maxLineBytes, context.session.store.transit);
    this.#writer = new Writer({
      write: (bytes) => withTurn(() => conn.write(bytes)),
      refill: () => {
        this.#session.push();
        this.#countPending();
      },
      onSent: (count) => this.#recordSent(count),
      onError: () => this.close(),
    });
    this.#subscription = new Subscription({
      ...context.queueOptions,
      transport: "tcp",
      name: addressText(conn.remoteAddr.hostname, conn.remoteAddr.port),
      onReady: () => this.#scheduleFlush(),
    });
    const io = { reader: this.#reader, writeBuffer: this.#writer.buffer };
    this.#session = new LineSession(context.session, { ...io, subscription: this.#subscription });
  }

  /** Time of the last byte in either direction, by `performance.now()`. A subscriber is never idle. */
  get idleSinceMs(): number {
    if (this.#resp !== undefined) return this.#resp.idleSinceMs;
    const { topics, patterns } = this.#subscription;
    return topics.size + patterns.size > 0 ? Infinity : this.#lastActiveMs;
  }

  /** Serves the client until it closes the connection. */
  async run(): Promise<void> {
    try {
      this.#conn.setNoDelay(true);
      this.#conn.setKeepAlive(true);
      await this.#serve();
    } catch (error) {
      // A peer that is gone causes an error, and so does `close`.
      logger.debug("a connection ended: {error}", { error });
    } finally {
      this.close();
    }
  }

  async #serve(): Promise<void> {
    if (!(await this.#hasMore())) return;
    const isResp = this.#context.isRespOnly || this.#reader.peek(1)[0] === RESP_FIRST_BYTE;
    if (isResp) return await this.#serveResp();
    do {
      await (this.#work = this.#process());
    } while (!this.#session.isEnded && await this.#hasMore());
    if (this.#isShuttingDown) return await drainInput(this.#conn);
    // The client may have closed its sending side only, and still reads replies.
    this.#session.close();
    await this.#writer.idle();
  }

  async #serveResp(): Promise<void> {
    const first = this.#reader.peek(this.#reader.length);
    this.#resp = this.#context.resp.open(this.#conn, first);
    this.#reader.close();
    await this.#resp.run();
  }

  async #hasMore(): Promise<boolean> {
    return !this.#isShuttingDown && await this.#read() && !this.#isShuttingDown;
  }

  async #read(): Promise<boolean> {
    const count = await this.#conn.read(this.#reader.space());
    if (count === null) return false;
    this.#reader.filled(count);
    this.#context.session.connectionStats.bytesReceived += count;
    this.#lastActiveMs = performance.now();
    return true;
  }

  async #process(): Promise<void> {
    const canContinue = () => !this.#writer.isFull && !this.#isStalled && !isTurnDue();
    while (this.#session.process(canContinue)) {
      this.#countPending();
      if (this.#isStalled) await this.#writer.idle();
      else await this.#writer.waitForSpace();
      if (isTurnDue()) await takeTurn();
    }
    this.#countPending();
    // In a microtask, so that pushes to other connections, which were scheduled earlier, are sent first.
    queueMicrotask(() => this.#writer.flush());
  }

  /** True if this connection should send what is pending before it executes more commands. */
  get #isStalled(): boolean {
    return this.#writer.pendingBytes > FREE_PENDING_BYTES &&
      this.#context.session.store.transit.isFull;
  }

  /** Tells the store's quota how many bytes are pending. */
  #countPending(): void {
    const pending = this.#isClosed ? 0 : this.#writer.pendingBytes;
    const counted = pending > FREE_PENDING_BYTES ? pending : 0;
    if (counted === this.#countedBytes) return;
    this.#context.session.store.transit.add(counted - this.#countedBytes);
    this.#countedBytes = counted;
  }

  #recordSent(count: number): void {
    this.#context.session.connectionStats.bytesSent += count;
    this.#lastActiveMs = performance.now();
    this.#countPending();
  }

  /** Sends pushes after the current task: several messages then share one write. */
  #scheduleFlush(): void {
    if (this.#isFlushScheduled) return;
    this.#isFlushScheduled = true;
    queueMicrotask(() => {
      this.#isFlushScheduled = false;
      if (this.#subscription.isDisconnected) this.close();
      else this.#writer.flush();
    });
  }

  /** Executes the received commands, and stops reading. */
  async stopReading(): Promise<void> {
    this.#isShuttingDown = true;
    if (this.#resp !== undefined) return await this.#resp.stopReading();
    // Its failure ends this connection, and the shutdown of the others goes on.
    await this.#work.catch(() => {});
  }

  /** Sends the remaining bytes, and closes the sending side. The client then closes the connection. */
  async shutdown(): Promise<void> {
    if (this.#resp !== undefined) return await this.#resp.shutdown();
    this.#session.close();
    await this.#writer.idle();
    if (!this.#isClosed) await this.#conn.closeWrite().catch(() => this.close());
  }

  /** Pushes that were not sent. */
  get unsentPushes(): number {
    if (this.#resp !== undefined) return this.#resp.unsentPushes;
    return this.#session.unsentPushes;
  }

  /** Lets the program end while the connection is open. */
  unref(): void {
    if (!this.#isClosed) this.#conn.unref();
  }

  /** Keeps the program alive while the connection is open. */
  ref(): void {
    if (!this.#isClosed) this.#conn.ref();
  }

  /** Closes the connection at once. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#session.close();
    this.#reader.close();
    this.#countPending();
    if (this.#resp === undefined) this.#conn.close();
    else this.#resp.close();
  }
}
