/**
 * The output of the command line: lines, tables and JSON on the standard output, notices on the
 * standard error stream. Colours only on a terminal, and not with `NO_COLOR`.
 *
 * @module
 */

import { RingbusError } from "../lib/base/errors.ts";
import { messageOf } from "../lib/base/thrown.ts";
import { escapeBesideStyles, escapeControls } from "./control_characters.ts";
import { type Cell, fit } from "./listing/fit.ts";
import { Sink } from "./sink.ts";

const encoder = new TextEncoder();
/** Milliseconds for the reader of the output when a signal has ended the command. */
const END_MS = 500;
/** Columns of sentences, also if the output is no terminal. */
const MAX_HELP_WIDTH = 100;

/** Escape codes of the styles. */
const STYLES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, blue: 34, cyan: 36 } as const;

/** Style of a text. */
export type Style = keyof typeof STYLES;

/**
 * The reader of the output is gone, as with `| head`: the command ends.
 *
 * @internal
 */
export class OutputClosedError extends RingbusError {
  /** The class name. */
  override name = "OutputClosedError";
  /** Stable code of the class. */
  override readonly code: string = "cli-output-closed";
}

/** A value as JSON. A bigint becomes a string of its digits. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, (_, part) => typeof part === "bigint" ? `${part}` : part);
}

/** Where a subcommand prints. */
export class Output {
  /** True if the output is JSON. */
  readonly isJson: boolean;
  /** True if the output is a terminal. */
  readonly isTerminal: boolean;
  readonly #results = new Sink(Deno.stdout);
  readonly #notices = new Sink(Deno.stderr);
  readonly #isColoured: boolean;

  /** An output as text, or as JSON. */
  constructor(isJson: boolean) {
    this.isJson = isJson;
    this.isTerminal = this.#results.isTerminal;
    this.#isColoured = this.isTerminal && !Deno.noColor;
  }

  /** Colours a text, if the output shows colours. */
  paint(style: Style, text: string): string {
    return this.#isColoured ? `\x1b[${STYLES[style]}m${text}\x1b[0m` : text;
  }

  /** Prints a line, without what could control a terminal. */
  print(line: string): void {
    this.write(encoder.encode(`${escapeBesideStyles(line)}\n`));
  }

  /** Prints a value as one line of JSON. A bigint becomes a string of its digits. */
  json(value: unknown): void {
    this.print(jsonText(value));
  }

  /**
   * Columns of the terminal. Infinite if the output is none, since a program that reads a table needs all
   * of it.
   */
  get width(): number {
    if (!this.isTerminal) return Infinity;
    return Deno.consoleSize().columns || Infinity;
  }

  /** Columns for sentences: those of the terminal, but no more than are easy to read. */
  get helpWidth(): number {
    return Math.min(this.width, MAX_HELP_WIDTH);
  }

  /** Prints rows under their headings, in columns. Numbers are aligned to the right. */
  table(headings: readonly string[], rows: readonly (readonly Cell[])[]): void {
    const { head, rows: lines } = fit(headings.map((heading) => ({ heading })), rows, Infinity);
    for (const line of [this.paint("dim", head), ...lines]) this.print(line);
  }

  /** Prints bytes. */
  write(bytes: Uint8Array): void {
    this.#results.write(bytes);
  }

  /**
   * Waits until everything is written; false if the signal aborted before that. Every loop that prints
   * waits for it.
   *
   * @throws {OutputClosedError} if the reader of the output is gone
   */
  async flush(signal: AbortSignal): Promise<boolean> {
    try {
      return await this.#results.flush(signal) && await this.#notices.flush(signal);
    } catch (error) {
      if (error instanceof Deno.errors.BrokenPipe) throw new OutputClosedError();
      throw new Error(`cannot write the output: ${messageOf(error)}`, { cause: error });
    }
  }

  /** Waits until everything is written, but not for long: the reader may have stopped to read. */
  async flushEnd(): Promise<void> {
    await this.flush(AbortSignal.timeout(END_MS));
  }

  /** As `flushEnd`, for the notices alone. */
  async flushNotices(): Promise<void> {
    await this.#notices.flush(AbortSignal.timeout(END_MS)).catch(() => {});
  }

  /** Prints a notice to the standard error stream, apart from the output. */
  notice(line: string): void {
    const plain = escapeControls(line);
    const text = this.#notices.isTerminal && !Deno.noColor ? `\x1b[2m${plain}\x1b[0m` : plain;
    this.#notices.write(encoder.encode(`${text}\n`));
  }
}
