/**
 * Values to send: the arguments of the command line, or the lines of the standard input.
 *
 * @module
 */

import { parsePlainJson } from "../../lib/base/plain_json.ts";
import { UsageError } from "../command.ts";
import type { OptionTable } from "../command.ts";
import { fromJsonForm } from "./json_form.ts";
import { linesOf } from "../../lib/base/lines.ts";
import type { Output } from "../output.ts";
import { messageOf } from "../../lib/base/thrown.ts";

/** Option that sets how arguments and lines are read. */
export const INPUT_OPTIONS = {
  text: { type: "boolean", help: "read every argument or line as text, not as JSON" },
} as const satisfies OptionTable;

const encoder = new TextEncoder();

/** How an argument or a line becomes a value. */
export interface InputOptions {
  /** True if every value is text. */
  readonly text?: boolean | undefined;
  /** True if every value is text and is sent as its bytes: on a channel with the codec `raw`. */
  readonly isRaw: boolean;
}

/**
 * The values to send: each argument, or each line of the standard input if there are no arguments.
 * An argument that is not JSON is text, so that `hello` needs no quotes, unless it begins like an
 * object or a list. A line must be JSON.
 */
export async function* inputValues(
  words: readonly string[],
  options: InputOptions,
  { output, signal }: { output: Output; signal: AbortSignal },
): AsyncGenerator<unknown> {
  if (words.length > 0) {
    yield* words.map((word) => argumentValue(word, options));
    return;
  }
  if (Deno.stdin.isTerminal()) output.notice("reading lines from the terminal until Ctrl-D");
  let number = 0;
  for await (const line of linesOf(Deno.stdin.readable, { signal })) {
    number++;
    if (isText(options) || line.trim() !== "") yield lineValue(line, number, options);
  }
}

/** An empty line is a text; among lines of JSON it has no meaning. */
function isText({ text = false, isRaw }: InputOptions): boolean {
  return text || isRaw;
}

function argumentValue(word: string, { text, isRaw }: InputOptions): unknown {
  if (isRaw) return encoder.encode(word);
  if (text) return word;
  let form: unknown;
  try {
    form = parsePlainJson(word);
  } catch (cause) {
    if (!/^\s*[[{]/.test(word)) return word;
    const reason = messageOf(cause);
    throw new UsageError(
      `argument ${word} begins like JSON and is not valid JSON: ${reason}. Correct it, or give --text`,
    );
  }
  return valueOf(form, `argument ${JSON.stringify(word)}`);
}

function lineValue(line: string, number: number, { text, isRaw }: InputOptions): unknown {
  if (isRaw) return encoder.encode(line);
  if (text) return line;
  let form: unknown;
  try {
    form = parsePlainJson(line);
  } catch (cause) {
    const reason = messageOf(cause);
    throw new UsageError(
      `line ${number} of the input is not valid JSON: ${reason}. The lines before it were sent. ` +
        "Correct it, or give --text",
    );
  }
  return valueOf(form, `line ${number} of the input`);
}

function valueOf(form: unknown, source: string): unknown {
  try {
    return fromJsonForm(form);
  } catch (error) {
    throw new UsageError(`${source}: ${messageOf(error)}`);
  }
}
