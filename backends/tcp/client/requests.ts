/**
 * The lines that call the store's operations.
 *
 * @module
 */

import { type Arguments, type ArgumentValues, checkArguments } from "../../store/arguments.ts";
import { notCarried, type Operation } from "../../store/operation.ts";
import { codecOf } from "../protocol/argument_codecs.ts";

/**
 * The line that calls an operation.
 *
 * @throws {InvalidInputError} if the store would reject an argument
 */
export function lineOf<A extends Arguments>(
  operation: Operation<A>,
  values: ArgumentValues<A>,
): string {
  const { name, line, arguments: declared } = operation;
  if (line === undefined) throw notCarried("the line protocol", name);
  const words = [line.command];
  checkArguments(operation, values);
  for (const [name, { kind }] of Object.entries(declared)) {
    if (values[name] !== undefined) words.push(codecOf(kind).encode(values[name]));
  }
  return words.join(" ");
}
