/**
 * A terminal that is drawn repeatedly, and restored at the end.
 *
 * @module
 */

import type { Output } from "../output.ts";

const encoder = new TextEncoder();

// Alternate screen, hidden cursor, no line wrap; the way back; home; clear to the end of line and screen.
const ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l";
const LEAVE = "\x1b[?7h\x1b[?25h\x1b[?1049l";
const HOME = "\x1b[H";
const CLEAR_LINE = "\x1b[K";
const CLEAR_REST = "\x1b[J";

/** Rows of a terminal whose size is unknown. */
const USUAL_ROWS = 24;

/** Controls the terminal until it is disposed. */
export class Screen implements Disposable {
  /** Aborts when q is pressed. */
  readonly signal: AbortSignal;
  readonly #output: Output;
  readonly #keys = new AbortController();
  readonly #hasKeys = Deno.stdin.isTerminal();
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;

  /** Shows the alternate screen, and reads keys. */
  constructor(output: Output) {
    this.#output = output;
    this.signal = this.#keys.signal;
    this.#write(ENTER);
    if (this.#hasKeys) {
      // Ctrl-C stays a signal.
      Deno.stdin.setRaw(true, { cbreak: true });
      this.#listen();
    }
  }

  async #listen(): Promise<void> {
    this.#reader = Deno.stdin.readable.getReader();
    while (true) {
      const { value, done } = await this.#reader.read();
      if (done) return;
      if (value.includes("q".charCodeAt(0))) this.#keys.abort();
    }
  }

  /** Draws lines, and cuts off what does not fit. */
  show(lines: readonly string[]): void {
    const rows = Deno.consoleSize().rows || USUAL_ROWS;
    const shown = lines.slice(0, Math.max(1, rows - 1)).map((line) => `${line}${CLEAR_LINE}\r\n`);
    this.#write(`${HOME}${shown.join("")}${CLEAR_REST}`);
  }

  #write(text: string): void {
    this.#output.write(encoder.encode(text));
  }

  /** Restores the terminal. */
  [Symbol.dispose](): void {
    if (this.#hasKeys) {
      Deno.stdin.setRaw(false);
      this.#reader?.cancel().catch(() => {});
    }
    this.#write(LEAVE);
  }
}
