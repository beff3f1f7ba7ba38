/**
 * One call of `Deno.serve`, with the connections that it has accepted.
 *
 * @module
 */

import { endsWithin } from "../../hosting/stop.ts";

/** Responds to a request; never rejects. `sent` is fulfilled when the response was sent, or cannot be. */
export type Handler = (request: Request, sent: Promise<void>) => Promise<Response>;

/** A port that Deno accepts connections at, until it fails to. */
export class Serving {
  readonly server: Deno.HttpServer<Deno.NetAddr>;
  readonly #closing = new AbortController();
  /** Each is fulfilled when the body of a response was passed on. */
  readonly #unsent = new Set<Promise<void>>();
  /** True after a request has arrived. */
  hasServed = false;

  constructor(hostname: string, port: number, handle: Handler) {
    this.server = Deno.serve({
      hostname,
      port,
      signal: this.#closing.signal,
      onListen: () => {},
      handler: (request, { completed }) => {
        const sent = completed.catch(() => {}).finally(() => this.#unsent.delete(sent));
        this.#unsent.add(sent);
        this.hasServed = true;
        return handle(request, sent);
      },
    });
  }

  /** True while a request has no complete response. */
  get isBusy(): boolean {
    return this.#unsent.size > 0;
  }

  /**
   * Waits for the responses to the requests that have arrived, and closes all connections, at the latest
   * after some milliseconds.
   */
  async close(graceMs: number): Promise<void> {
    await endsWithin(Promise.all(this.#unsent), graceMs);
    // `shutdown()` would wait for clients without end, and after it the signal would end the program.
    this.#closing.abort();
    await this.server.finished.catch(() => {});
  }
}
