/**
 * The sending side of a connection: one write at a time. Bytes appended in the meantime share the next write.
 *
 * @module
 */

import { WriteBuffer } from "./write_buffer.ts";

/** Bytes in the buffer at which it counts as full. A buffer that has grown by doubling is then reused. */
const HIGH_WATER_BYTES = 128 * 1024;

/** What a writer works with. */
export interface WriterContext {
  /** Writes some of the bytes; returns their number. */
  write(bytes: Uint8Array): Promise<number>;
  /** Called before each write, to append more. */
  refill?(buffer: WriteBuffer): void;
  /** Called after bytes were written. */
  onSent?(count: number): void;
  /** Called when a write fails. Nothing is sent after that. */
  onError(error: unknown): void;
}

/** Sends what is appended to its buffer. */
export class Writer {
  /** Outgoing bytes: append to it, then call `flush()`. */
  readonly buffer: WriteBuffer = new WriteBuffer();
  readonly #context: WriterContext;
  #isWriting = false;
  /** Bytes of the write that goes on. */
  #inFlight = 0;
  #done: Promise<void> = Promise.resolve();
  #spaceAvailable: PromiseWithResolvers<void> | undefined;
  #hasFailed = false;

  constructor(context: WriterContext) {
    this.#context = context;
  }

  /** Bytes that were not sent yet. Those of the write that goes on count until all of them are sent. */
  get pendingBytes(): number {
    return this.buffer.length + this.#inFlight;
  }

  /** True if nothing should be appended now. */
  get isFull(): boolean {
    return this.buffer.length >= HIGH_WATER_BYTES && !this.#hasFailed;
  }

  /** Starts to send, unless it is sending already. */
  flush(): void {
    if (this.#isWriting || this.#hasFailed) return;
    this.#isWriting = true;
    this.#done = this.#run();
  }

  /** Waits until there is space. */
  async waitForSpace(): Promise<void> {
    if (!this.isFull) return;
    this.flush();
    this.#spaceAvailable ??= Promise.withResolvers();
    await this.#spaceAvailable.promise;
  }

  /** Waits until everything is sent, or a write has failed. */
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
        this.#inFlight = bytes.length;
        this.#signalSpace();
        for (let sent = 0; sent < bytes.length;) {
          const count = await this.#context.write(sent === 0 ? bytes : bytes.subarray(sent));
          sent += count;
          // Before it is told: who counts what is pending counts then.
          if (sent === bytes.length) this.#inFlight = 0;
          this.#context.onSent?.(count);
        }
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

  #signalSpace(): void {
    this.#spaceAvailable?.resolve();
    this.#spaceAvailable = undefined;
  }
}
