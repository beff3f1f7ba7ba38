/**
 * One client's connection: reads what comes, has the session carry it out, and sends what is due.
 *
 * @module
 */

import { logger } from "../../../lib/base/log.ts";
import { Subscriber, type SubscriberOptions } from "../../store/subscription.ts";
import { LineReader } from "../protocol/line_reader.ts";
import { Sender } from "../protocol/writer.ts";
import { LineSession, type SessionContext } from "./session.ts";

/** Every message of RESP begins with it, and no line of ours: so the first byte tells the protocol. */
const RESP_FIRST_BYTE = 0x2a;
/** What comes after the end is read in pieces of this size, and thrown away. */
const IGNORED_BYTES = 16 * 1024;
const NO_RESP = "-ERR this port speaks the line protocol of Ringbus, not RESP\r\n";

/** What a connection takes from its server. */
export interface ConnectionContext {
  readonly session: SessionContext;
  readonly subscriber: Omit<SubscriberOptions, "onReady">;
}

/** A connection that was accepted. */
export class Connection {
  readonly #conn: Deno.TcpConn;
  readonly #context: ConnectionContext;
  readonly #reader: LineReader;
  readonly #sender: Sender;
  readonly #session: LineSession;
  readonly #subscriber: Subscriber;
  #isWoken = false;
  #isEnding = false;
  #isClosed = false;
  /** What came is carried out when this is fulfilled. */
  #work: Promise<void> = Promise.resolve();
  #lastActiveMs = performance.now();

  constructor(conn: Deno.TcpConn, context: ConnectionContext) {
    this.#conn = conn;
    this.#context = context;
    this.#reader = new LineReader(context.session.maxLineBytes);
    this.#sender = new Sender({
      write: (bytes) => conn.write(bytes),
      refill: () => this.#session.push(),
      onSent: (count) => this.#noteSent(count),
      onError: () => this.close(),
    });
    this.#subscriber = new Subscriber({
      ...context.subscriber,
      front: "tcp",
      name: `${conn.remoteAddr.hostname}:${conn.remoteAddr.port}`,
      onReady: () => this.#wake(),
    });
    const ends = { reader: this.#reader, output: this.#sender.output };
    this.#session = new LineSession(context.session, { ...ends, subscriber: this.#subscriber });
  }

  /** When a byte last came or went, by `performance.now()`; a subscriber may be silent for ever. */
  get idleSinceMs(): number {
    const { topics, patterns } = this.#subscriber;
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
      this.#sender.output.bytes(new TextEncoder().encode(NO_RESP));
      return await this.#sender.idle();
    }
    do {
      await (this.#work = this.#process());
    } while (!this.#session.isOver && await this.#hasMore());
    if (this.#isEnding) return await this.#seeOff();
    // It may have no more to say, but still wants its answers.
    this.#session.close();
    await this.#sender.idle();
  }

  async #hasMore(): Promise<boolean> {
    return !this.#isEnding && await this.#read() && !this.#isEnding;
  }

  /** Closing while there is something to read would throw away what the client has not taken yet. */
  async #seeOff(): Promise<void> {
    const ignored = new Uint8Array(IGNORED_BYTES);
    while (await this.#conn.read(ignored) !== null);
  }

  async #read(): Promise<boolean> {
    const count = await this.#conn.read(this.#reader.space());
    if (count === null) return false;
    this.#reader.filled(count);
    this.#context.session.tally.bytesReceived += count;
    this.#lastActiveMs = performance.now();
    return true;
  }

  async #process(): Promise<void> {
    const mayGoOn = () => !this.#sender.isFull;
    while (this.#session.process(mayGoOn)) await this.#sender.room();
    // Pushes to others were put off in the same way, and go first: they are waited for longer.
    queueMicrotask(() => this.#sender.flush());
  }

  #noteSent(count: number): void {
    this.#context.session.tally.bytesSent += count;
    this.#lastActiveMs = performance.now();
  }

  /** Sends what is pushed once whoever stores is done: several messages then go in one write. */
  #wake(): void {
    if (this.#isWoken) return;
    this.#isWoken = true;
    queueMicrotask(() => {
      this.#isWoken = false;
      if (this.#subscriber.isDisconnected) this.close();
      else this.#sender.flush();
    });
  }

  /** Carries out what came, and takes in no more. */
  async finish(): Promise<void> {
    this.#isEnding = true;
    await this.#work;
  }

  /** Sends what is left to send, and its end; the client is to close the connection then. */
  async end(): Promise<void> {
    this.#session.close();
    await this.#sender.idle();
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
