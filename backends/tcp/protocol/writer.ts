/**
 * The sending side of a connection: one write at a time, and whatever gathers meanwhile goes with the next.
 *
 * @module
 */

import { WriteBuffer } from "./write_buffer.ts";

/** So many bytes may wait before nothing more is taken in. */
const HIGH_WATER_BYTES = 256 * 1024;

/** What a sender works with. */
export interface WriterContext {
  /** Writes some of the bytes; how many. */
  write(bytes: Uint8Array): Promise<number>;
  /** Appends what else there is to send, before each write. */
  refill?(buffer: WriteBuffer): void;
  /** Called when bytes have been written. */
  onSent?(count: number): void;
  /** Called when writing fails: nothing is sent after that. */
  onError(error: unknown): void;
}

/** Sends what is appended to its output. */
export class Writer {
  /** What is to be sent: append, then `flush()`. */
  readonly buffer: WriteBuffer = new WriteBuffer();
  readonly #context: WriterContext;
  #isWriting = false;
  #done: Promise<void> = Promise.resolve();
  #spaceAvailable: PromiseWithResolvers<void> | undefined;
  #hasFailed = false;

  constructor(context: WriterContext) {
    this.#context = context;
  }

  /** True if nothing more is to be appended now. */
  get isFull(): boolean {
    return this.buffer.length >= HIGH_WATER_BYTES && !this.#hasFailed;
  }

  /** Begins to send, if that is not under way. */
  flush(): void {
    if (this.#isWriting || this.#hasFailed) return;
    this.#isWriting = true;
    this.#done = this.#run();
  }

  /** Waits until there is room. */
  async waitForSpace(): Promise<void> {
    if (!this.isFull) return;
    this.flush();
    this.#spaceAvailable ??= Promise.withResolvers();
    await this.#spaceAvailable.promise;
  }

  /** Waits until all is sent, or cannot be. */
  async idle(): Promise<void> {
    this.flush();
    await this.#done;
  }

  async #run(): Promise<void> {
    const { buffer } = this;
    try {
      for (;;) {
        this.#context.refill?.(buffer);
        if (buffer.length === 0) break;
        const bytes = buffer.take();
        this.#signalSpace();
        await this.#writeAll(bytes);
        buffer.release(bytes);
      }
    } catch (error) {
      this.#hasFailed = true;
      this.#context.onError(error);
    } finally {
      this.#isWriting = false;
      this.#signalSpace();
    }
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    for (let sent = 0; sent < bytes.length;) {
      const count = await this.#context.write(sent === 0 ? bytes : bytes.subarray(sent));
      sent += count;
      this.#context.onSent?.(count);
    }
  }

  #signalSpace(): void {
    this.#spaceAvailable?.resolve();
    this.#spaceAvailable = undefined;
  }
}
