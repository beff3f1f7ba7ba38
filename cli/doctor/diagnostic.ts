/**
 * The results of the doctor's checks.
 *
 * @module
 */

import type { Output, Style } from "../output.ts";
import { messageOf } from "../../lib/base/thrown.ts";

/** Severity. A note is less than a warning. */
export type Level = "ok" | "note" | "warning" | "failure";

/** The result of one check. */
export interface Diagnostic {
  /** What was checked, in a word or two. */
  readonly topic: string;
  readonly level: Level;
  /** The result. */
  readonly message: string;
  /** How to fix the problem. */
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

/** Prints a diagnostic, with its remedy on a line of its own. */
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

/** An error as a diagnostic: in the messages of Ringbus, the remedy follows the last semicolon. */
export function diagnosticOf(topic: string, level: Level, error: unknown): Diagnostic {
  const message = messageOf(error);
  const at = message.lastIndexOf("; ");
  if (at === -1) return { topic, level, message };
  return { topic, level, message: message.slice(0, at), remedy: message.slice(at + 2) };
}
