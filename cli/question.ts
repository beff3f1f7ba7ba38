/**
 * Questions on the terminal.
 *
 * @module
 */

import { linesOf } from "../lib/base/lines.ts";
import type { Output } from "./output.ts";

/** Asks a question that is answered by yes or no. False also if the input ends, or the signal aborts. */
export async function isConfirmed(
  question: string,
  output: Output,
  signal: AbortSignal,
): Promise<boolean> {
  output.notice(`${question} [y/N]`);
  for await (const line of linesOf(Deno.stdin.readable, { signal })) {
    return /^y(es)?$/i.test(line.trim());
  }
  return false;
}
