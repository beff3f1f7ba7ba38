/**
 * Requests that were read before they are executed.
 *
 * @module
 */

/** Most requests. */
const MAX_REQUESTS = 16;
/** Bytes at which it takes no more. */
const MAX_BYTES = 64 * 1024;

/** The requests in their order. They are all taken before others come. */
export class RequestQueue {
  #requests: string[][] = [];
  #sizes: number[] = [];
  #taken = 0;
  #bytes = 0;

  /** All requests since it was empty. */
  get requests(): readonly string[][] {
    return this.#requests;
  }

  /** Bytes of the requests that were not taken. */
  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.#taken === this.#requests.length;
  }

  get isFull(): boolean {
    return this.#requests.length >= MAX_REQUESTS || this.#bytes >= MAX_BYTES;
  }

  /** Appends a request. */
  add(words: string[], bytes: number): void {
    this.#requests.push(words);
    this.#sizes.push(bytes);
    this.#bytes += bytes;
  }

  /** Removes and returns the first request. */
  take(): string[] | undefined {
    if (this.isEmpty) return undefined;
    const words = this.#requests[this.#taken];
    this.#bytes -= this.#sizes[this.#taken++];
    if (this.isEmpty) this.clear();
    return words;
  }

  /** Removes all. */
  clear(): void {
    this.#requests = [];
    this.#sizes = [];
    this.#taken = this.#bytes = 0;
  }
}
