/**
 * The layouts as the page about how it works shows them, drawn from the descriptor.
 *
 * @module
 */

import * as layout from "../wasm/layout.ts";
import { CONTROL, type Field, HEADER, offsetOf, type Structure, TABLES } from "./structures.ts";

/** Columns of a row that stands for eight bytes. */
const WIDTH = 47;
const HALF = (WIDTH - 1) / 2;
const ROW_BYTES = 8;
const UNUSED = " ".repeat(WIDTH);

/** Parts of a page that are written, by the names that stand in their marks. */
export const PARTS: Readonly<Record<string, () => string>> = {
  segment: () => `${fenced(segment())}\n\nThe header:\n\n${table(HEADER)}`,
  tables: () =>
    [CONTROL, ...TABLES].map((one) => `${captionOf(one)}\n\n${fenced(draw(one))}`).join("\n\n"),
};

/** A page with its parts written anew. */
export function withParts(page: string): string {
  return Object.entries(PARTS).reduce((text, [name, part]) => {
    const [begin, end] = [`<!-- drawn: ${name} -->`, `<!-- end of ${name} -->`];
    const [from, to] = [text.indexOf(begin), text.indexOf(end)];
    if (from < 0 || to < from) throw new Error(`the page has no marks ${begin} and ${end}`);
    return `${text.slice(0, from + begin.length)}\n\n${part()}\n\n${text.slice(to)}`;
  }, page);
}

function fenced(lines: readonly string[]): string {
  return ["```text", ...lines, "```"].join("\n");
}

function captionOf({ title, bytes }: Structure): string {
  return `${title}, ${bytes} bytes:`;
}

/** The parts of a segment from its first byte to its last. */
function segment(): string[] {
  const { CONTROL_PARTICIPANTS, CONTROL_LANES, CONTROL_BYTES } = layout;
  const at = (offset: number) => offset.toLocaleString("en");
  const line = (label: string) => `${label.padStart(16)} +${"-".repeat(58)}+`;
  const box = (text: string) => `${" ".repeat(16)} | ${text.padEnd(57)}|`;
  return [
    line("0"),
    box(`header, ${layout.HEADER_BYTES} bytes`),
    line(`${layout.HEADER_BYTES}`),
    box("ring of lane 0: capacity bytes"),
    line("control"),
    box("control block, at a multiple of 64"),
    line(`control + ${at(CONTROL_PARTICIPANTS)}`),
    box(`${layout.MAX_PARTICIPANTS} participants, ${layout.PARTICIPANT_BYTES} bytes each`),
    line(`control + ${at(CONTROL_LANES)}`),
    box(`${layout.MAX_LANES} lanes, ${layout.LANE_BYTES} bytes each`),
    line(`control + ${at(CONTROL_BYTES)}`),
    box("regions, added when they are needed: rings of further"),
    box("lanes, big messages, subscribers' cursors, requesters'"),
    box("slots, replies, shelves"),
    line("end"),
  ];
}

/** A drawing with a row for each eight bytes. */
export function draw({ fields, bytes }: Structure): string[] {
  const rows: [offset: number, cells: string][] = [];
  let next = 0;
  for (let i = 0; i < fields.length; i++) {
    const at = offsetOf(fields[i]);
    if (at >= next + ROW_BYTES) rows.push([next, UNUSED]);
    const pair = fields[i + 1];
    const hasPair = pair !== undefined && at % ROW_BYTES === 0 && offsetOf(pair) === at + 4;
    rows.push([at, cellsOf(fields[i], hasPair ? pair : undefined)]);
    if (hasPair) i++;
    next = Math.ceil((offsetOf(fields[i]) + fields[i].bytes) / ROW_BYTES) * ROW_BYTES;
  }
  if (next < bytes) rows.push([next, UNUSED]);
  const digits = `${rows.at(-1)![0]}`.length;
  const edge = `${" ".repeat(digits)} +${"-".repeat(WIDTH)}+`;
  const lines = rows.map(([at, cells]) => `${`${at}`.padStart(digits)} |${cells}|`);
  return [...lines.flatMap((line) => [edge, line]), edge];
}

function cellsOf(first: Field, second: Field | undefined): string {
  if (second !== undefined) return `${cell(first, HALF)}|${cell(second, HALF)}`;
  if (first.bytes < ROW_BYTES) return `${cell(first, HALF)}|${" ".repeat(HALF)}`;
  return cell(first, WIDTH);
}

function cell({ label, bytes }: Field, width: number): string {
  return ` ${label}${bytes > ROW_BYTES ? ` (${bytes} bytes)` : ""}`.padEnd(width);
}

/** A table with a line for each field, as `deno fmt` sets it. */
function table({ fields, bytes }: Structure): string {
  const last = fields.at(-1)!;
  const rest = offsetOf(last) + last.bytes;
  const rows = [
    ["bytes", "content"],
    ...fields.map((field) => [rangeOf(offsetOf(field), field.bytes), field.meaning!]),
    [
      rangeOf(rest, bytes - rest),
      "zero, for later versions; a local channel keeps its state before use in the last eight",
    ],
  ];
  const widths = [0, 1].map((column) => Math.max(...rows.map((cells) => cells[column].length)));
  const line = (cells: string[]) =>
    `| ${cells.map((text, column) => text.padEnd(widths[column])).join(" | ")} |`;
  const rule = line(widths.map((width) => "-".repeat(width)));
  return [line(rows[0]), rule, ...rows.slice(1).map(line)].join("\n");
}

function rangeOf(offset: number, bytes: number): string {
  return `${offset}-${offset + bytes - 1}`;
}
