/**
 * The parameters of a request: how each is read, and its JSON Schema.
 *
 * @module
 */

import { MAX_ID } from "../../../lib/message/gemstone.ts";
import { parseJson } from "../../../lib/message/json.ts";
import { type Value, valueFrom, valueOfJson } from "../../store/value.ts";
import { HttpError } from "./errors.ts";

/** JSON Schema. */
export type Schema = Record<string, unknown>;

/** One parameter. */
export interface Parameter<T> {
  readonly summary: string;
  readonly schema: Schema;
  readonly isRequired: boolean;
  /** Reads what was given: texts of path or query, or the JSON text of the body's member. */
  read(given: readonly string[], name: string): T;
}

/** Parameters by name. */
export type Parameters = Readonly<Record<string, Parameter<unknown>>>;

/** Their values by name. */
export type Values<P extends Parameters> = {
  [Name in keyof P]: P[Name] extends Parameter<infer T> ? T : never;
};

type Read<T> = (given: string, name: string) => T;

function required<T>(summary: string, schema: Schema, read: Read<T>): Parameter<T> {
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

function optional<T>(summary: string, schema: Schema, read: Read<T>): Parameter<T | undefined> {
  return {
    summary,
    schema,
    isRequired: false,
    read: ([first], name) => first === undefined ? undefined : read(first, name),
  };
}

function list<T>(summary: string, items: Schema, read: Read<T>): Parameter<T[]> {
  return {
    summary,
    schema: { type: "array", items },
    isRequired: false,
    read: (given, name) => given.map((text) => read(text, name)),
  };
}

const identity = (text: string) => text;

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
  const value = /^[0-9]{1,20}$/.test(text) ? BigInt(text) : undefined;
  if (value !== undefined && value <= MAX_ID) return value;
  throw invalid(name, "an integer from 0 to 2^64 - 1", JSON.stringify(text));
}

const ID_SCHEMA = { type: "integer", minimum: 0, maximum: Number(MAX_ID) };

/** A text in path or query. */
export const text = (summary: string): Parameter<string> =>
  required(summary, { type: "string" }, identity);

/** A number in path or query. */
export const number = (summary: string): Parameter<number> =>
  required(summary, { type: "number" }, finite);

/** A number in the query that may be left out. */
export const optionalNumber = (summary: string): Parameter<number | undefined> =>
  optional(summary, { type: "number" }, finite);

/** A count in the query that may be left out. */
export const optionalCount = (summary: string): Parameter<number | undefined> =>
  optional(summary, { type: "integer", minimum: 1 }, count);

/** A text in the query that may be left out. */
export const optionalText = (summary: string): Parameter<string | undefined> =>
  optional(summary, { type: "string" }, identity);

/** A message id in the query that may be left out. */
export const optionalId = (summary: string): Parameter<bigint | undefined> =>
  optional(summary, ID_SCHEMA, id);

/** Message ids in the query: the parameter once for each. */
export const ids = (summary: string): Parameter<bigint[]> => list(summary, ID_SCHEMA, id);

/** Texts in the query: the parameter once for each. */
export const texts = (summary: string): Parameter<string[]> =>
  list(summary, { type: "string" }, identity);

/** A text in the body. */
export const bodyText = (summary: string): Parameter<string> =>
  required(summary, { type: "string" }, (literal, name) => {
    if (literal.startsWith('"')) return JSON.parse(literal);
    throw invalid(name, "a string", literal);
  });

/** Seconds in the body, which may be null or left out. */
export const bodySeconds = (summary: string): Parameter<number | undefined> =>
  optional(summary, { type: ["number", "null"], exclusiveMinimum: 0 }, (literal, name) => {
    const value = JSON.parse(literal);
    if (value === null) return undefined;
    if (typeof value === "number") return value;
    throw invalid(name, "a number of seconds", literal);
  });

/** Any JSON value in the body. */
export const bodyValue = (summary: string): Parameter<Value> => required(summary, {}, valueOfJson);

/** An array of JSON values in the body, or a single one. */
export const bodyValues = (summary: string): Parameter<Value[]> =>
  required(summary, {}, (literal) => {
    if (!literal.startsWith("[")) return [valueOfJson(literal)];
    return (parseJson(literal) as unknown[]).map(valueFrom);
  });

/** A message in the body, as JSON text. */
export const bodyMessage = (summary: string): Parameter<string> =>
  required(summary, { $ref: "#/components/schemas/Message" }, identity);
