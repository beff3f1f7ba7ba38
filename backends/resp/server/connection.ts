/**
 * The connection of one client that speaks RESP: it reads requests for the dispatcher, and writes replies
 * and pushes.
 *
 * @module
 */

import { isTurnDue, takeTurn, turnIfDue } from "../../../lib/base/turn.ts";
import { logger } from "../../../lib/base/log.ts";
import { addressText } from "../../hosting/endpoint.ts";
import { drainInput } from "../../hosting/stop.ts";
import { MIN_ENTRIES } from "../../store/lookahead.ts";
import { WriteBuffer } from "../../tcp/protocol/write_buffer.ts";
import { Writer } from "../../tcp/protocol/writer.ts";
import { Client } from "../engine/client.ts";
import type { ClientOutput } from "../engine/client_state.ts";
import type { Dispatcher } from "../engine/dispatcher.ts";
import type { ChannelSubscriber } from "../engine/subscriber.ts";
import type { Service } from "../engine/service.ts";
import { type RespVersion, writeReply } from "../protocol/encoder.ts";
import { ErrorReply, type Reply, Status } from "../protocol/reply.ts";
import { replyBytes } from "../protocol/reply_size.ts";
import { RequestParser } from "../protocol/request_parser.ts";
import { limitsFor, type RespLimits } from "./limits.ts";

/** Pending bytes of a connection that do not count: the memory of its objects is of this size, too. */
const FREE_PENDING_BYTES = 4096;
/** Bytes in the write buffer at which no more messages of subscriptions are appended. */
const PUSH_BYTES = 64 * 1024;
/** Most bytes that are received while the client waits. */
const MAX_UNREAD_BYTES = 1024 * 1024;

const FOREIGN = new ErrorReply(
  "ERR Protocol error: this line is not a command, and a web page may have sent it",
);

/** What the connections of a server share. */
export interface RespContext {
  readonly service: Service;
  readonly dispatcher: Dispatcher;
  readonly limits: RespLimits;
  /** Called with the bytes of each read and write. */
  readonly onReceived: (bytes: number) => void;
  readonly onSent: (bytes: number) => void;
}

/** A connection that speaks RESP. */
export class RespConnection implements ClientOutput {
  readonly #conn: Deno.TcpConn;
  readonly #context: RespContext;
  readonly #parser: RequestParser;
  readonly #writer: Writer;
  readonly #client: Client;
  #isClosed = false;
  #isDropped = false;
  #isStopping = false;
  #isFlushScheduled = false;
  /** True after a request that no web page can send first. */
  #isClient = false;
  /** Fulfilled when the received requests are executed. */
  #work: Promise<void> = Promise.resolve();
  #isWorking = false;
  /** Messages of subscriptions in the write that goes on. */
  #appended = 0;
  /** Pending bytes that the store's quota knows of. */
  #countedBytes = 0;
  #lastActiveMs = performance.now();

  /** @param first what was received already */
  constructor(conn: Deno.TcpConn, context: RespContext, first: Uint8Array) {
    this.#conn = conn;
    this.#context = context;
    const { service, dispatcher, limits } = context;
    this.#client = new Client(service, this, service.store.keys, dispatcher.execute);
    const isKnown = this.#client.isAuthenticated;
    this.#parser = new RequestParser(limitsFor(limits, isKnown), service.store.transit);
    this.#parser.append(first);
    this.#writer = new Writer({
      write: (bytes) => turnIfDue(conn.write(bytes)),
      refill: () => this.#appendPushes(),
      onSent: (count) => {
        context.onSent(count);
        this.#lastActiveMs = performance.now();
        this.#countPending();
      },
      onError: () => this.close(),
    });
    service.clients.set(this.#client.id, this.#client);
  }

  get address(): string {
    const { hostname, port } = this.#conn.remoteAddr;
    return addressText(hostname, port);
  }

  get localAddress(): string {
    const { hostname, port } = this.#conn.localAddr;
    return addressText(hostname, port);
  }

  get pendingBytes(): number {
    return this.#writer.pendingBytes;
  }

  get unreadBytes(): number {
    return this.#parser.length;
  }

  /** Time of the last byte in either direction, by `performance.now()`. Who waits is never idle. */
  get idleSinceMs(): number {
    const { blocked, subscriptionCount, isMonitor } = this.#client;
    const isWaiting = blocked !== undefined || subscriptionCount > 0 || isMonitor;
    return isWaiting ? Infinity : this.#lastActiveMs;
  }

  /** Serves the client until one side closes the connection. */
  async run(): Promise<void> {
    try {
      do {
        const work = this.#execute();
        if (work !== undefined) await work;
      } while (!this.#client.isEnded && await this.#read());
      if (this.#isStopping) await drainInput(this.#conn);
      else await this.#writer.idle();
    } catch (error) {
      // A peer that is gone causes an error, and so does `close`.
      logger.debug("a connection of RESP ended: {error}", { error });
    } finally {
      this.close();
    }
  }

  async #read(): Promise<boolean> {
    if (this.#isStopping) return false;
    if (this.#parser.length > MAX_UNREAD_BYTES && this.#client.blocked !== undefined) {
      await this.#client.blocked.ended;
      return true;
    }
    const count = await this.#conn.read(this.#parser.space());
    if (count === null) return false;
    this.#parser.filled(count);
    this.#context.onReceived(count);
    this.#lastActiveMs = performance.now();
    return !this.#isStopping;
  }

  /** Executes the requests that have arrived. Only one call at a time does. Undefined: it has done so. */
  #execute(): Promise<void> | undefined {
    if (this.#isWorking) return this.#work;
    this.#isWorking = true;
    try {
      if (this.#executeSome()) {
        return this.#work = this.#executeRest().finally(() => this.#isWorking = false);
      }
    } catch (error) {
      this.#isWorking = false;
      throw error;
    }
    this.#isWorking = false;
    this.#countPending();
    this.#writer.flush();
    return undefined;
  }

  async #executeRest(): Promise<void> {
    do {
      this.#countPending();
      this.#writer.flush();
      if (this.#isStalled) await this.#writer.idle();
      await takeTurn();
    } while (this.#executeSome());
    this.#countPending();
    this.#scheduleFlush();
  }

  /** Executes requests; true if it stopped before the last one. */
  #executeSome(): boolean {
    const { dispatcher } = this.#context;
    let isSameTime = false;
    while (!this.#client.isEnded && this.#client.blocked === undefined) {
      if (isTurnDue() || this.#isStalled) return true;
      const words = this.#next();
      if (words === undefined) return false;
      if (this.#parser.isLine && this.#isForeign(words)) return this.#endWith(FOREIGN);
      this.#isClient = true;
      dispatcher.dispatch(this.#client, words, isSameTime);
      isSameTime = true;
    }
    return false;
  }

  #next(): string[] | undefined {
    try {
      this.#lookAhead();
      const words = this.#parser.next();
      if (words === undefined) this.#parser.release();
      return words;
    } catch (error) {
      if (!(error instanceof ErrorReply)) throw error;
      this.#endWith(error);
      return undefined;
    }
  }

  #lookAhead(): void {
    const { dispatcher, service } = this.#context;
    // Before it is authenticated, other limits hold for the next request.
    if (service.store.entryCount < MIN_ENTRIES || !this.#client.isAuthenticated) return;
    dispatcher.lookAhead(this.#client, this.#parser.readAhead());
  }

  /** Sends an error, and reads no more. Returns false. */
  #endWith(error: ErrorReply): false {
    this.send(error, 2);
    this.#client.isEnded = true;
    return false;
  }

  /** True for a line that a browser may have sent for a web page. */
  #isForeign(words: readonly string[]): boolean {
    return isHttp(words) || (!this.#isClient && !this.#context.dispatcher.isKnown(words[0]));
  }

  /** The client does not read what it asks for. */
  #dropSlow(): void {
    this.#isDropped = this.#client.isEnded = true;
    this.#context.service.stats.droppedClients++;
    queueMicrotask(() => this.close());
  }

  /** True if this connection should send what is pending before it executes more requests. */
  get #isStalled(): boolean {
    return this.#writer.pendingBytes > FREE_PENDING_BYTES &&
      this.#context.service.store.transit.isFull;
  }

  /** Tells the store's quota how many bytes are pending. */
  #countPending(): void {
    const pending = this.#isClosed ? 0 : this.#writer.pendingBytes;
    const counted = pending > FREE_PENDING_BYTES ? pending : 0;
    if (counted === this.#countedBytes) return;
    this.#context.service.store.transit.add(counted - this.#countedBytes);
    this.#countedBytes = counted;
  }

  send(reply: Reply, version: RespVersion): void {
    if (this.#isDropped) return;
    const bytes = sizeOf(reply);
    const isLarge = bytes > FREE_PENDING_BYTES;
    const refusal = isLarge
      ? this.#context.service.refusalOfReply(
        bytes,
        typeof reply === "string" || reply instanceof Uint8Array,
      )
      : undefined;
    writeReply(this.#writer.buffer, refusal ?? reply, version);
    if (isLarge) this.#countPending();
    if (this.#writer.pendingBytes > this.#context.limits.maxPendingBytes) this.#dropSlow();
    if (!this.#isWorking) this.#scheduleFlush();
  }

  sendHalf(reply: Reply, version: RespVersion): void {
    const whole = new WriteBuffer();
    writeReply(whole, reply, version);
    const bytes = whole.take();
    this.#writer.buffer.writeBytes(bytes.subarray(0, Math.ceil(bytes.length / 2)));
    this.end();
  }

  push(): void {
    if (this.#subscribers.some(({ isDisconnected }) => isDisconnected)) {
      queueMicrotask(() => this.close());
    } else this.#scheduleFlush();
  }

  get #subscribers(): ChannelSubscriber[] {
    const { subscriber, shardSubscriber } = this.#client;
    return [subscriber, shardSubscriber].filter((each) => each !== undefined);
  }

  /** Messages of subscriptions that the client has not got. */
  get unsentPushes(): number {
    return this.#subscribers.reduce((sum, { pending }) => sum + pending, this.#appended);
  }

  /**
   * Appends messages of subscriptions to the next write, up to a number of bytes. Those of the call before
   * are sent.
   */
  #appendPushes(): void {
    this.#appended = 0;
    const { subscriber: first, shardSubscriber: second } = this.#client;
    if (first === undefined && second === undefined) return this.#countPending();
    for (const subscriber of this.#subscribers) {
      while (subscriber.pending > 0 && this.#writer.buffer.length < PUSH_BYTES) {
        writeReply(this.#writer.buffer, subscriber.shift()!, this.#client.version);
        this.#appended++;
      }
    }
    this.#countPending();
  }

  allowLongRequests(): void {
    this.#parser.limits = limitsFor(this.#context.limits, true);
  }

  resume(): void {
    if (this.#parser.length === 0 || this.#isWorking || this.#isClosed) return;
    try {
      this.#execute()?.catch(() => this.close());
    } catch {
      this.close();
    }
  }

  /** Sends after the current task: several replies then share one write. */
  #scheduleFlush(): void {
    if (this.#isFlushScheduled) return;
    this.#isFlushScheduled = true;
    queueMicrotask(() => {
      this.#isFlushScheduled = false;
      this.#writer.flush();
    });
  }

  /** Executes the received requests, and stops reading. */
  async stopReading(): Promise<void> {
    this.#isStopping = true;
    // Its failure ends this connection, and the shutdown of the others goes on.
    await this.#work.catch(() => {});
  }

  /** Sends the remaining bytes, and closes the sending side. */
  async shutdown(): Promise<void> {
    await this.#writer.idle();
    if (!this.#isClosed) await this.#conn.closeWrite().catch(() => this.close());
  }

  end(): void {
    this.#client.isEnded = true;
    void this.#writer.idle().then(() => this.close());
  }

  /** Closes the connection at once. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#client.isEnded = true;
    this.#context.service.forget(this.#client);
    this.#parser.close();
    this.#countPending();
    this.#conn.close();
  }
}

/** Bytes of a reply, or 0 if it is short. */
function sizeOf(reply: Reply): number {
  if (reply instanceof Status) return reply.text.length;
  return typeof reply === "number" ? 0 : replyBytes(reply);
}

/**
 * True for a line of an HTTP request. A web page can make a browser send any text to a port of this machine,
 * but only after such lines, or after a TLS handshake. It chooses the method, which may be the name of a
 * command.
 */
function isHttp([name, , version]: readonly string[]): boolean {
  return /^(?:post|host:)$/i.test(name) || /^HTTP\/\d/.test(version ?? "");
}
