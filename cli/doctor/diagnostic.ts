/**
 * What the doctor finds.
 *
 * @module
 */

import type { Output, Style } from "../output.ts";
import { messageOf } from "../../lib/base/thrown.ts";

/** How bad it is: a note is not even a warning. */
export type Level = "ok" | "note" | "warning" | "failure";

/** One thing that was looked at. */
export interface Diagnostic {
  /** What was looked at, in a word or two. */
  readonly topic: string;
  readonly level: Level;
  /** How it is. */
  readonly message: string;
  /** What to do about it. */
  readonly remedy?: string;
}

const STYLES: Record<Level, Style> = {
  ok: "green",
  note: "dim",
  warning: "yellow",
  failure: "red",
};
const LEVEL_WIDTH = "warning".length;
const TOPIC_WIDTH = 18;

/** Prints a finding, with what to do on a line of its own. */
export function printDiagnostic(
  output: Output,
  { topic, level, message, remedy }: Diagnostic,
): void {
  if (output.isJson) return output.json({ topic, level, message, remedy });
  const label = output.paint(STYLES[level], level.padEnd(LEVEL_WIDTH));
  output.print(`${label}  ${topic.padEnd(TOPIC_WIDTH)}  ${message}`);
  if (remedy !== undefined) {
    output.print(`${" ".repeat(LEVEL_WIDTH + TOPIC_WIDTH + 4)}${output.paint("bold", remedy)}`);
  }
}

/** An error as a finding: what stands behind the last semicolon of our messages says what to do. */
export function diagnosticOf(topic: string, level: Level, error: unknown): Diagnostic {
  const message = messageOf(error);
  const at = message.lastIndexOf("; ");
  if (at === -1) return { topic, level, message };
  return { topic, level, message: message.slice(0, at), remedy: message.slice(at + 2) };
}
