/**
 * The output of the demo: progress while it runs, a table at the end. On a terminal one line changes;
 * otherwise every quarter has a line of its own. Colours only on a terminal, and not with NO_COLOR.
 *
 * @module
 */

import type { Result } from "./protocol.ts";
import type { Check } from "./scenes.ts";

const BAR_WIDTH = 30;
const LINE_WIDTH = 72;

const isTerminal = Deno.stdout.isTerminal();
const isColoured = isTerminal && !Deno.noColor;
const encoder = new TextEncoder();
const number = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

function write(text: string): void {
  let rest = encoder.encode(text);
  while (rest.length > 0) rest = rest.subarray(Deno.stdout.writeSync(rest));
}

function paint(code: number, text: string): string {
  return isColoured ? `\x1b[${code}m${text}\x1b[0m` : text;
}

/** Prints a line. */
export function printLine(text: string): void {
  write(`${text}\n`);
}

/** The progress of one scene. */
export class Progress {
  readonly #title: string;
  #quarter = 0;

  /** Begins a scene. */
  constructor(title: string) {
    this.#title = title;
    this.show(0);
  }

  /** Shows a share from 0 to 1. */
  show(share: number): void {
    if (isTerminal) write(`\r${this.#line(share).padEnd(LINE_WIDTH)}`);
    else this.#showQuarter(share);
  }

  #line(share: number): string {
    const full = Math.round(share * BAR_WIDTH);
    const bar = "#".repeat(full) + ".".repeat(BAR_WIDTH - full);
    return `${this.#title.padEnd(18)} [${bar}] ${Math.floor(share * 100)}%`;
  }

  #showQuarter(share: number): void {
    for (; this.#quarter <= Math.floor(share * 4); this.#quarter++) {
      printLine(`${this.#title.padEnd(18)} ${this.#quarter * 25}%`);
    }
  }

  /** Ends the scene's line. */
  end(): void {
    if (isTerminal) write("\n");
  }
}

const COLUMNS = ["", "sent", "received", "missed", "msg/s", "p50 us", "p99 us"];

function row(result: Result): string[] {
  const max = Math.max(result.sent, result.received);
  const rate = result.seconds > 0 ? number.format(max / result.seconds) : "-";
  const latency = (us: number | undefined) => us === undefined ? "-" : number.format(us);
  return [
    `  ${result.name}`,
    number.format(result.sent),
    number.format(result.received),
    number.format(result.missed),
    rate,
    latency(result.p50Us),
    latency(result.p99Us),
  ];
}

/** Prints the table of all scenes. */
export function showTable(results: Map<string, Result[]>): void {
  const rows = [...results.values()].flat().map(row);
  const widths = COLUMNS.map((title, column) =>
    Math.max(title.length, ...rows.map((cells) => cells[column].length))
  );
  const line = (cells: string[]) =>
    cells.map((cell, i) => i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])).join("  ");
  printLine(`\n${paint(1, line(COLUMNS))}`);
  for (const [title, part] of results) {
    printLine(paint(1, title));
    for (const result of part) printLine(line(row(result)));
  }
}

/** Prints the conditions, and whether they hold. */
export function showChecks(checks: Check[]): void {
  printLine("");
  for (const { text, isRight } of checks) {
    printLine(`${isRight ? paint(32, "right") : paint(31, "WRONG")}  ${text}`);
  }
}
