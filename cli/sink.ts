/**
 * The standard output and the standard error stream. A terminal has what is written at once. A pipe may be
 * full: a thread of its own writes to it, and the program goes on to heed signals.
 *
 * @module
 */

/** `Deno.stdout` or `Deno.stderr`. */
type Stream = typeof Deno.stdout;

/** One of the two streams. */
export class Sink {
  /** True if it is a terminal. */
  readonly isTerminal: boolean;
  readonly #stream: Stream;
  readonly #unwritten: Uint8Array[] = [];
  #writing: Promise<void> | undefined;
  #failure: unknown;

  constructor(stream: Stream) {
    this.#stream = stream;
    this.isTerminal = stream.isTerminal();
  }

  /** Writes bytes, if need be later. */
  write(bytes: Uint8Array): void {
    if (!this.isTerminal) {
      this.#unwritten.push(bytes);
      this.#writing ??= this.#writeAll();
      return;
    }
    for (let rest = bytes; rest.length > 0;) rest = rest.subarray(this.#stream.writeSync(rest));
  }

  async #writeAll(): Promise<void> {
    // What is printed in the same turn shares a write.
    await undefined;
    try {
      while (this.#unwritten.length > 0) {
        const bytes = joined(this.#unwritten.splice(0));
        for (let rest = bytes; rest.length > 0;) {
          rest = rest.subarray(await this.#stream.write(rest));
        }
      }
    } catch (error) {
      this.#failure = error;
    } finally {
      this.#writing = undefined;
    }
  }

  /** Waits until everything is written; false if the signal aborted before that. Throws if it cannot be. */
  async flush(signal: AbortSignal): Promise<boolean> {
    while (this.#writing !== undefined && !signal.aborted) await race(this.#writing, signal);
    if (this.#failure !== undefined) throw this.#failure;
    return this.#writing === undefined;
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0];
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Waits for a promise, or for a signal. */
async function race(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const { promise: aborted, resolve } = Promise.withResolvers<void>();
  const onAbort = () => resolve();
  signal.addEventListener("abort", onAbort);
  await Promise.race([work, aborted]);
  signal.removeEventListener("abort", onAbort);
}
