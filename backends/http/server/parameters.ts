/**
 * The parameters of a request: how each is read, and its JSON Schema.
 *
 * @module
 */

import { MAX_ID, parseId } from "../../../lib/message/gemstone.ts";
import { parseJson } from "../../../lib/message/json.ts";
import { parsePlainJson } from "../../../lib/base/plain_json.ts";
import { readString } from "../../../lib/base/json_scanner.ts";
import type { Argument, ArgumentKind } from "../../store/arguments.ts";
import { checkTtl } from "../../store/names.ts";
import { notCarried } from "../../store/operation.ts";
import { valueFrom, valueOfJson } from "../../store/value.ts";
import { HttpError } from "./errors.ts";

/** JSON Schema. */
export type Schema = Record<string, unknown>;

/** One parameter. */
export interface Parameter<T> {
  readonly summary: string;
  readonly schema: Schema;
  readonly isRequired: boolean;
  /** Reads the given texts: of path or query, or the JSON text of a member of the body. */
  read(given: readonly string[], name: string): T;
}

/** Parameters by name. */
export type Parameters = Readonly<Record<string, Parameter<unknown>>>;

/** Their values by name. */
export type Values<P extends Parameters> = {
  [Name in keyof P]: P[Name] extends Parameter<infer T> ? T : never;
};

/** How a kind of argument is read, from a text of the URL or from JSON text. */
interface Reader<T = unknown> {
  readonly schema: Schema;
  /** True if the parameter is repeated, once for each item. */
  readonly isRepeated?: boolean;
  read(given: string, name: string): T;
}

function required<T>(summary: string, { schema, read }: Reader<T>): Parameter<T> {
  return {
    summary,
    schema,
    isRequired: true,
    read(given, name) {
      if (given.length > 0) return read(given[0], name);
      throw new HttpError(400, `${name} is missing`);
    },
  };
}

function optional<T>(summary: string, { schema, read }: Reader<T>): Parameter<T | undefined> {
  return {
    summary,
    schema,
    isRequired: false,
    read: ([first], name) => first === undefined ? undefined : read(first, name),
  };
}

function repeated<T>(summary: string, { schema, read }: Reader<T>): Parameter<T[]> {
  return {
    summary,
    schema: { type: "array", items: schema },
    isRequired: false,
    read: (given, name) => given.map((text) => read(text, name)),
  };
}

function invalid(name: string, what: string, given: string): HttpError {
  return new HttpError(400, `${name} must be ${what}, not ${given.slice(0, 100)}`);
}

function finite(text: string, name: string): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value)) return value;
  throw invalid(name, "a number", JSON.stringify(text));
}

function count(text: string, name: string): number {
  const value = finite(text, name);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw invalid(name, "a whole number, at least 1", text);
}

function id(text: string, name: string): bigint {
  const value = parseId(text);
  if (value !== undefined) return value;
  throw invalid(name, "an integer from 0 to 2^64 - 1", JSON.stringify(text));
}

const TEXT: Reader<string> = { schema: { type: "string" }, read: (text) => text };
const NUMBER: Reader<number> = { schema: { type: "number" }, read: finite };
const NOT_FINITE = /^([+-]?)(?:(inf(?:inity)?)|nan)$/i;
/** A time; Python clients write infinity and what is not a number as Python does. */
const TIME: Reader<number> = {
  schema: { type: "number" },
  read(text, name) {
    const [, sign, infinity] = NOT_FINITE.exec(text) ?? [];
    if (sign === undefined) return finite(text, name);
    return infinity === undefined ? NaN : sign === "-" ? -Infinity : Infinity;
  },
};
const ID: Reader<bigint> = {
  schema: { type: "integer", minimum: 0, maximum: Number(MAX_ID) },
  read: id,
};

/** The arguments that a path or a query carries. */
const URL_READERS: Partial<Record<ArgumentKind, Reader>> = {
  text: TEXT,
  timestamp: TIME,
  count: { schema: { type: "integer", minimum: 1 }, read: count },
  id: ID,
  ids: { ...ID, isRepeated: true },
};

/** The arguments that a body carries, each as JSON text. */
const BODY_READERS: Partial<Record<ArgumentKind, Reader>> = {
  text: {
    schema: { type: "string" },
    read(literal, name) {
      if (literal.startsWith('"')) return readString(literal);
      throw invalid(name, "a string", literal);
    },
  },
  seconds: {
    schema: { type: ["number", "null"] },
    read(literal, name) {
      const value = parsePlainJson(literal);
      if (value === null) return undefined;
      if (typeof value !== "number") throw invalid(name, "a number of seconds", literal);
      checkTtl(value);
      return value;
    },
  },
  value: { schema: {}, read: valueOfJson },
  values: {
    schema: {},
    read(literal) {
      if (!literal.startsWith("[")) return [valueOfJson(literal)];
      return (parseJson(literal) as unknown[]).map(valueFrom);
    },
  },
  message: { schema: { $ref: "#/components/schemas/Message" }, read: (literal) => literal },
};

/** The parameter that carries an argument of an operation. */
export function parameterOf(
  { kind, isOptional, summary }: Argument,
  isInBody: boolean,
): Parameter<unknown> {
  const reader = (isInBody ? BODY_READERS : URL_READERS)[kind];
  if (reader === undefined) {
    throw notCarried(isInBody ? "a body" : "a URL", `an argument of kind ${kind}`);
  }
  if (reader.isRepeated) return repeated(summary, reader);
  return isOptional ? optional(summary, reader) : required(summary, reader);
}

/** A text in path or query. */
export const text = (summary: string): Parameter<string> => required(summary, TEXT);

/** A text in the body. */
export const memberText = (summary: string): Parameter<string> =>
  required(summary, BODY_READERS.text as Reader<string>);

/** An optional number in the query. */
export const optionalNumber = (summary: string): Parameter<number | undefined> =>
  optional(summary, NUMBER);

/** An optional text in the query. */
export const optionalText = (summary: string): Parameter<string | undefined> =>
  optional(summary, TEXT);

/** An optional message id in the query. */
export const optionalId = (summary: string): Parameter<bigint | undefined> => optional(summary, ID);

/** Texts in the query: the parameter once for each. */
export const texts = (summary: string): Parameter<string[]> => repeated(summary, TEXT);
