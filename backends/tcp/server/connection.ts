/**
 * One client's connection: reads what comes, has the session carry it out, and sends what is due.
 *
 * @module
 */

import { logger } from "../../../lib/base/log.ts";
import { Subscription, type SubscriptionQueueOptions } from "../../store/subscription.ts";
import { LineReader } from "../protocol/line_reader.ts";
import { Writer } from "../protocol/writer.ts";
import { LineSession, type SessionContext } from "./session.ts";

/** Every message of RESP begins with it, and no line of ours: so the first byte tells the protocol. */
const RESP_FIRST_BYTE = 0x2a;
/** What comes after the end is read in pieces of this size, and thrown away. */
const DRAIN_BUFFER_BYTES = 16 * 1024;
const NO_RESP = "-ERR this port speaks the line protocol of Ringbus, not RESP\r\n";

/** What a connection takes from its server. */
export interface ConnectionContext {
  readonly session: SessionContext;
  readonly queueOptions: Omit<SubscriptionQueueOptions, "onReady">;
}

/** A connection that was accepted. */
export class Connection {
  readonly #conn: Deno.TcpConn;
  readonly #context: ConnectionContext;
  readonly #reader: LineReader;
  readonly #writer: Writer;
  readonly #session: LineSession;
  readonly #subscription: Subscription;
  #isFlushScheduled = false;
  #isShuttingDown = false;
  #isClosed = false;
  /** What came is carried out when this is fulfilled. */
  #work: Promise<void> = Promise.resolve();
  #lastActiveMs = performance.now();

  constructor(conn: Deno.TcpConn, context: ConnectionContext) {
    this.#conn = conn;
    this.#context = context;
    this.#reader = new LineReader(context.session.maxLineBytes);
    this.#writer = new Writer({
      write: (bytes) => conn.write(bytes),
      refill: () => this.#session.push(),
      onSent: (count) => this.#recordSent(count),
      onError: () => this.close(),
    });
    this.#subscription = new Subscription({
      ...context.queueOptions,
      transport: "tcp",
      name: `${conn.remoteAddr.hostname}:${conn.remoteAddr.port}`,
      onReady: () => this.#scheduleFlush(),
    });
    const io = { reader: this.#reader, writeBuffer: this.#writer.buffer };
    this.#session = new LineSession(context.session, { ...io, subscription: this.#subscription });
  }

  /** When a byte last came or went, by `performance.now()`; a subscriber may be silent for ever. */
  get idleSinceMs(): number {
    const { topics, patterns } = this.#subscription;
    return topics.size + patterns.size > 0 ? Infinity : this.#lastActiveMs;
  }

  /** Serves the client until it leaves. */
  async run(): Promise<void> {
    try {
      this.#conn.setNoDelay(true);
      this.#conn.setKeepAlive(true);
      await this.#serve();
    } catch (error) {
      // A peer that vanishes, and our own `close`, end in errors.
      logger.debug("a connection ended: {error}", { error });
    } finally {
      this.close();
    }
  }

  async #serve(): Promise<void> {
    if (!(await this.#hasMore())) return;
    if (this.#reader.firstByte === RESP_FIRST_BYTE) {
      this.#writer.buffer.writeBytes(new TextEncoder().encode(NO_RESP));
      return await this.#writer.idle();
    }
    do {
      await (this.#work = this.#process());
    } while (!this.#session.isEnded && await this.#hasMore());
    if (this.#isShuttingDown) return await this.#drainInput();
    // It may have no more to say, but still wants its answers.
    this.#session.close();
    await this.#writer.idle();
  }

  async #hasMore(): Promise<boolean> {
    return !this.#isShuttingDown && await this.#read() && !this.#isShuttingDown;
  }

  /** Closing while there is something to read would throw away what the client has not taken yet. */
  async #drainInput(): Promise<void> {
    const discarded = new Uint8Array(DRAIN_BUFFER_BYTES);
    while (await this.#conn.read(discarded) !== null);
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
    const canContinue = () => !this.#writer.isFull;
    while (this.#session.process(canContinue)) await this.#writer.waitForSpace();
    // Pushes to others were put off in the same way, and go first: they are waited for longer.
    queueMicrotask(() => this.#writer.flush());
  }

  #recordSent(count: number): void {
    this.#context.session.connectionStats.bytesSent += count;
    this.#lastActiveMs = performance.now();
  }

  /** Sends what is pushed once whoever stores is done: several messages then go in one write. */
  #scheduleFlush(): void {
    if (this.#isFlushScheduled) return;
    this.#isFlushScheduled = true;
    queueMicrotask(() => {
      this.#isFlushScheduled = false;
      if (this.#subscription.isDisconnected) this.close();
      else this.#writer.flush();
    });
  }

  /** Carries out what came, and takes in no more. */
  async stopReading(): Promise<void> {
    this.#isShuttingDown = true;
    await this.#work;
  }

  /** Sends what is left to send, and its end; the client is to close the connection then. */
  async shutdown(): Promise<void> {
    this.#session.close();
    await this.#writer.idle();
    if (!this.#isClosed) await this.#conn.closeWrite().catch(() => this.close());
  }

  /** Closes it, whatever is under way. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#session.close();
    this.#conn.close();
  }
}
