/**
 * What a handler of requests learns besides the request.
 *
 * @module
 */

/** How often a request is checked for a requester that abandoned it, in milliseconds. */
const CHECK_MS = 20;

/** What `serve` passes to its handler with each request. */
export interface RequestContext {
  /**
   * Aborts when the requester has abandoned the request (its timeout, its signal, its end), within
   * some 20 ms, or when the replier closes. A handler passes it on to what it waits for.
   */
  readonly signal: AbortSignal;
}

/** The context of one request. It is watched only once its signal is read. */
export class WatchedRequest implements RequestContext, Disposable {
  readonly #isOpen: () => boolean;
  #controller: AbortController | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** `isOpen` returns false once its requester waits no longer. */
  constructor(isOpen: () => boolean) {
    this.#isOpen = isOpen;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      this.#timer = setInterval(() => this.#check(), CHECK_MS);
      this.#check();
    }
    return this.#controller.signal;
  }

  #check(): void {
    if (this.#isOpen()) return;
    clearInterval(this.#timer);
    this.#controller?.abort(
      new DOMException("the requester has abandoned the request", "AbortError"),
    );
  }

  /** Ends the watch; the request has its reply. */
  [Symbol.dispose](): void {
    if (this.#timer !== undefined) clearInterval(this.#timer);
  }
}
