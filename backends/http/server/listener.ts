/**
 * Accepts HTTP requests, and goes on when accepting fails.
 *
 * @module
 */

import { isTurnDue, takeTurn } from "../../../lib/base/turn.ts";
import { logger } from "../../../lib/base/log.ts";
import { sleep } from "../../../lib/base/sleep.ts";
import { startTimer } from "../../../lib/base/timer.ts";
import { listenAt } from "../../hosting/endpoint.ts";

/** Milliseconds for clients to send the rest of a request, and to read their last response. */
const GRACEFUL_SHUTDOWN_MS = 1000;
/** Milliseconds to wait when the system has no file descriptor for a connection. */
const ACCEPT_RETRY_MS = 100;

/** What a listener works with. */
export interface ListenerOptions {
  readonly host: string;
  /** Port to listen on; 0 selects a free one. */
  readonly port: number;
  /** Responds to a request; never rejects. */
  handle(request: Request): Promise<Response>;
}

/** A port with its connections. */
export class Listener {
  /** The port that it listens on. */
  readonly port: number;
  readonly #options: ListenerOptions;
  readonly #stopping = new AbortController();
  /** Each is fulfilled when a response was sent. */
  readonly #unsent = new Set<Promise<void>>();
  readonly #accepting: Promise<void>;
  /** Undefined after a failure, until the listener listens again. */
  #server: Deno.HttpServer<Deno.NetAddr> | undefined;
  #closing = new AbortController();
  #isUnref = false;
  #stopped: Promise<void> | undefined;

  /**
   * Listens.
   *
   * @throws {Deno.errors.AddrInUse} if another process listens on the port
   */
  constructor(options: ListenerOptions) {
    this.#options = options;
    const server = this.#listen(options.port);
    this.port = server.addr.port;
    this.#accepting = this.#acceptAll(server);
  }

  #listen(port: number): Deno.HttpServer<Deno.NetAddr> {
    this.#closing = new AbortController();
    const { host } = this.#options;
    const server = listenAt(host, port, () =>
      Deno.serve({
        hostname: host,
        port,
        signal: this.#closing.signal,
        onListen: () => {},
        handler: (request, { completed }) => this.#handle(request, completed),
      }));
    this.#server = server;
    if (this.#isUnref) server.unref();
    return server;
  }

  async #handle(request: Request, sent: Promise<void>): Promise<Response> {
    if (isTurnDue()) await takeTurn();
    if (this.#stopping.signal.aborted) return await this.#cutOff();
    const done = sent.catch(() => {}).finally(() => this.#unsent.delete(done));
    this.#unsent.add(done);
    return await this.#options.handle(request);
  }

  /** Nothing is executed for a request that arrives late. Its client sees that the connection ends. */
  async #cutOff(): Promise<Response> {
    await this.#stopped;
    return new Response(null, { status: 503 });
  }

  /** Deno stops to serve when it cannot accept a connection, such as without file descriptors. */
  async #acceptAll(first: Deno.HttpServer<Deno.NetAddr>): Promise<void> {
    const { signal } = this.#stopping;
    let server: Deno.HttpServer<Deno.NetAddr> | undefined = first;
    while (!signal.aborted) {
      try {
        server ??= this.#listen(this.port);
        await server.finished;
      } catch (error) {
        this.#server = server = undefined;
        if (signal.aborted) return;
        logger.error("cannot accept a connection at port {port}: {error}", {
          port: this.port,
          error,
        });
        await sleep(ACCEPT_RETRY_MS, signal);
      }
    }
  }

  /** Lets the program end while this listens. */
  unref(): void {
    this.#isUnref = true;
    this.#server?.unref();
  }

  /** Sends the responses to the requests that have arrived, and closes the port and all connections. */
  stop(): Promise<void> {
    return this.#stopped ??= this.#stop();
  }

  async #stop(): Promise<void> {
    this.#stopping.abort();
    // What is waited for keeps the program alive.
    this.#server?.ref();
    await this.#allSent();
    // `shutdown()` would end the program when its connections are closed by the signal after it.
    if (this.#server !== undefined) this.#closing.abort();
    await this.#accepting;
  }

  async #allSent(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const stopTimer = startTimer(GRACEFUL_SHUTDOWN_MS, resolve);
    Promise.all(this.#unsent).then(() => resolve());
    await promise;
    stopTimer();
  }
}
