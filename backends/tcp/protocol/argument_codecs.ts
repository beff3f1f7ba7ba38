/**
 * How the arguments of the store's operations are written into a line and read from it.
 *
 * @module
 */

import { isId, parseId } from "../../../lib/message/gemstone.ts";
import { parseJson, stringifyJson } from "../../../lib/message/json.ts";
import type { ArgumentKind, ArgumentTypes } from "../../store/arguments.ts";
import { InvalidInputError } from "../../store/errors.ts";
import { checkTtl } from "../../store/names.ts";
import { notCarried } from "../../store/operation.ts";
import { JsonText, type Value, valueFrom, valueToJson } from "../../store/value.ts";
import { encodedArgument, textArgument, textOf, valueArgument, valueOf } from "./arguments.ts";

/** Writes and reads a kind of argument. */
export interface ArgumentCodec<T> {
  encode(value: T): string;
  /** Throws `InvalidInputError` for what `encode` does not write. */
  decode(argument: string): T;
}

const CODECS: { readonly [Kind in ArgumentKind]?: ArgumentCodec<ArgumentTypes[Kind]> } = {
  text: { encode: textArgument, decode: textOf },
  message: { encode: encodedArgument, decode: textOf },
  value: { encode: valueArgument, decode: valueOf },
  values: { encode: (values) => encodedArgument(`[${values.map(valueToJson)}]`), decode: valuesOf },
  seconds: { encode: decimal, decode: secondsOf },
  id: { encode: String, decode: idOf },
  ids: { encode: (ids) => encodedArgument(stringifyJson(ids)), decode: idsOf },
};

/** The codec of a kind of argument. */
export function codecOf(kind: ArgumentKind): ArgumentCodec<unknown> {
  const codec = CODECS[kind];
  if (codec === undefined) throw notCarried("the line protocol", `an argument of kind ${kind}`);
  return codec as ArgumentCodec<unknown>;
}

/** One value, or an array of them. */
function valuesOf(argument: string): readonly Value[] {
  const value = valueOf(argument);
  if (!(value instanceof JsonText) || !value.text.startsWith("[")) return [value];
  return (parseJson(value.text) as unknown[]).map(valueFrom);
}

const NUMBER = /^-?[0-9]+(?:\.[0-9]+)?$/;

function idOf(argument: string): bigint {
  const id = parseId(argument);
  if (id !== undefined) return id;
  throw new InvalidInputError(
    `a message id must be an integer from 0 to 2^64 - 1, not ${argument}`,
  );
}

function idsOf(argument: string): bigint[] {
  const ids = parsed(textOf(argument));
  if (Array.isArray(ids) && ids.every(isId)) return ids.map(BigInt);
  throw new InvalidInputError("message ids must be a JSON array of integers from 0 to 2^64 - 1");
}

function parsed(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

function secondsOf(argument: string): number {
  if (!NUMBER.test(argument)) {
    throw new InvalidInputError(`a ttl must be a decimal number of seconds, not ${argument}`);
  }
  const value = Number(argument);
  checkTtl(value);
  return value;
}

/** Without an exponent, which the protocol does not have. */
function decimal(value: number): string {
  const digits = String(value);
  return digits.includes("e") ? value.toFixed(20) : digits;
}
