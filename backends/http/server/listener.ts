/**
 * Accepts HTTP requests, and goes on when accepting fails.
 *
 * @module
 */

import { isTurnDue, takeTurn } from "../../../lib/base/turn.ts";
import { logger } from "../../../lib/base/log.ts";
import { Backoff } from "../../../lib/base/retry.ts";
import { sleep } from "../../../lib/base/sleep.ts";
import { listenAt } from "../../hosting/endpoint.ts";
import { checkHeap } from "../../hosting/memory_guard.ts";
import { ACCEPT_BACKOFF } from "../../hosting/accepting.ts";
import { HttpError } from "./errors.ts";
import { errorResponse } from "./responses.ts";
import { type Handler, Serving } from "./serving.ts";

/** Most failures whose idle connections are kept. */
const MAX_FAILED = 16;

/** What a listener works with. */
export interface ListenerOptions {
  readonly host: string;
  /** Port to listen on; 0 selects a free one. */
  readonly port: number;
  readonly handle: Handler;
}

/** A port with its connections. */
export class Listener {
  /** The port that it listens on. */
  readonly port: number;
  readonly #options: ListenerOptions;
  readonly #stopping = new AbortController();
  readonly #accepting: Promise<void>;
  /** Undefined after a failure, until the listener listens again. */
  #current: Serving | undefined;
  /** Those that have failed to accept. Their connections live on. */
  readonly #failed = new Set<Serving>();
  #isUnref = false;
  #stopped: Promise<void> | undefined;

  /**
   * Listens.
   *
   * @throws {Deno.errors.AddrInUse} if another process listens on the port
   */
  constructor(options: ListenerOptions) {
    this.#options = options;
    const first = this.#listen(options.port);
    this.port = first.server.addr.port;
    this.#accepting = this.#acceptAll(first);
  }

  #listen(port: number): Serving {
    const { host } = this.#options;
    const serving = listenAt(
      host,
      port,
      () => new Serving(host, port, (request, sent) => this.#handle(request, sent)),
    );
    if (this.#isUnref) serving.server.unref();
    return this.#current = serving;
  }

  /** Nothing is executed for a request that arrives late. */
  async #handle(request: Request, sent: Promise<void>): Promise<Response> {
    if (isTurnDue()) await takeTurn();
    // Those that waited for the same turn follow without another one.
    checkHeap();
    if (!this.#stopping.signal.aborted) return await this.#options.handle(request, sent);
    return errorResponse(new HttpError(503, "the server is stopping", { connection: "close" }));
  }

  /** Deno stops to serve when it cannot accept a connection, such as without file descriptors. */
  async #acceptAll(first: Serving): Promise<void> {
    const { signal } = this.#stopping;
    const backoff = new Backoff(ACCEPT_BACKOFF);
    let serving: Serving | undefined = first;
    while (!signal.aborted) {
      try {
        serving ??= this.#listen(this.port);
        await serving.server.finished;
      } catch (error) {
        if (signal.aborted) return;
        this.#retire(serving);
        logger.error("cannot accept a connection at port {port}: {error}", {
          port: this.port,
          error,
        });
        if (serving?.hasServed) backoff.reset();
        serving = undefined;
        await sleep(backoff.next(), signal);
      }
    }
  }

  /** Keeps one that failed for the sake of its connections. The idle ones of old failures are closed. */
  #retire(serving: Serving | undefined): void {
    this.#current = undefined;
    if (serving !== undefined) this.#failed.add(serving);
    const idle = [...this.#failed].filter(({ isBusy }) => !isBusy);
    for (const old of idle.slice(0, Math.max(0, this.#failed.size - MAX_FAILED))) {
      this.#failed.delete(old);
      old.close(0);
    }
  }

  get #servings(): Serving[] {
    return [...this.#failed, ...this.#current === undefined ? [] : [this.#current]];
  }

  /** Lets the program end while this listens. */
  unref(): void {
    this.#isUnref = true;
    for (const { server } of this.#servings) server.unref();
  }

  /** Sends the responses to the requests that have arrived, and closes the port and all connections. */
  stop(graceMs: number): Promise<void> {
    return this.#stopped ??= this.#stop(graceMs);
  }

  async #stop(graceMs: number): Promise<void> {
    this.#stopping.abort();
    const servings = this.#servings;
    // What is waited for keeps the program alive.
    for (const { server } of servings) server.ref();
    await Promise.all(servings.map((serving) => serving.close(graceMs)));
    await this.#accepting;
  }
}
