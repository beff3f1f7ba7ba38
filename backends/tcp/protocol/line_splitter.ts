/**
 * Single lines out of what a reader has decoded at once.
 *
 * @module
 */

import type { LineFault, LineReader } from "./line_reader.ts";

const CARRIAGE_RETURN = 13;

/** A line without its end, or why it cannot be read. */
export type Line = string | { readonly fault: LineFault };

/** Takes lines from a reader, one by one. */
export class LineSplitter {
  readonly #reader: LineReader;
  /** Lines that were decoded together. */
  #text = "";
  /** Start of the next line. */
  #at = 0;

  constructor(reader: LineReader) {
    this.#reader = reader;
  }

  /** The next complete line, or undefined if there is none. */
  next(): Line | undefined {
    if (this.#at === this.#text.length) {
      const lines = this.#reader.take();
      this.#text = "";
      this.#at = 0;
      if (lines === undefined || "fault" in lines) return lines;
      this.#text = lines.text;
    }
    return this.#nextOfText();
  }

  #nextOfText(): string {
    const feed = this.#text.indexOf("\n", this.#at);
    const end = this.#text.charCodeAt(feed - 1) === CARRIAGE_RETURN ? feed - 1 : feed;
    const line = this.#text.slice(this.#at, Math.max(this.#at, end));
    this.#at = feed + 1;
    return line;
  }
}
