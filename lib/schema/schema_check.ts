/**
 * Checking values with schemas, and the side that does it.
 *
 * @module
 */

import { checkNoMore } from "../base/checks.ts";
import { SchemaError, type SchemaIssue } from "../base/errors.ts";
import { formatValue } from "../base/options.ts";
import { pluralize } from "../base/pluralize.ts";
import { messageOf } from "../base/thrown.ts";
import type {
  AnySchema,
  InputOf,
  OutputOf,
  SchemaResult,
  SchemaResultIssue,
  StandardSchema,
} from "./standard_schema.ts";

/** Who checks values: those who send them, those who receive them, or nobody. */
export type CheckingSide = "sender" | "receiver" | "none";

/** The sides that may check. */
export const CHECKING_SIDES: readonly CheckingSide[] = ["sender", "receiver", "none"];

/** What a sender passes: what the schema takes, unless no schema is asked. */
export type SentOf<S extends AnySchema, K extends CheckingSide> = "none" extends K ? OutputOf<S>
  : InputOf<S>;

/** What travels: what the schema takes if receivers ask it, and otherwise what it has made of that. */
export type CarriedOf<S extends AnySchema, K extends CheckingSide> = "receiver" extends K
  ? InputOf<S>
  : OutputOf<S>;

/** Most issues that a message of an error shows. */
const MAX_SHOWN = 3;

/** The schemas of `typeOnly`, which need not be asked. */
const TYPES_ONLY = new WeakSet<AnySchema>();

/**
 * A schema that is a type and checks nothing: for programs without a library of schemas, and for values that
 * are certain to be right.
 *
 * @example
 * ```ts
 * import { defineChannel, typeOnly } from "@ringbus/ringbus";
 *
 * export const position = defineChannel("position", {
 *   pattern: "publish/subscribe",
 *   schema: typeOnly<{ x: number; y: number }>(),
 * });
 * ```
 */
export function typeOnly<T>(): StandardSchema<T> {
  checkNoMore("typeOnly()", arguments, 0);
  const schema: StandardSchema<T> = {
    "~standard": {
      version: 1,
      vendor: "ringbus",
      validate: (value) => ({ value: value as T }),
    },
  };
  TYPES_ONLY.add(schema);
  return schema;
}

/** False for a schema that accepts every value as it is. */
export function isAsked(schema: AnySchema): boolean {
  return !TYPES_ONLY.has(schema);
}

/** A schema of an option. */
export function checkSchema(name: string, value: unknown): AnySchema {
  const isObject = typeof value === "object" && value !== null || typeof value === "function";
  const standard = isObject ? (value as AnySchema)["~standard"] : undefined;
  if (standard?.version === 1 && typeof standard.validate === "function") return value as AnySchema;
  throw new TypeError(
    `${name} must be a Standard Schema, version 1, such as one of zod, valibot or arktype, or ` +
      `typeOnly<T>(), not ${formatValue(value)}`,
  );
}

/** What a check is for, in its errors. */
export interface CheckedPlace {
  /** What does not match, such as `cannot send on channel "robot": the value`. */
  readonly subject: string;
  /** What becomes of it, after a semicolon. */
  readonly consequence?: string;
}

/**
 * Checks a value.
 *
 * @returns what the schema makes of it
 * @throws {SchemaError} if it does not match
 * @throws {TypeError} if the schema is asynchronous
 */
export function checkValue(schema: AnySchema, value: unknown, place: CheckedPlace): unknown {
  const result = ask(schema, value, place);
  if (!isPromise(result)) return valueOf(result, place);
  // Its outcome does not matter any more.
  result.then(undefined, () => {});
  throw new TypeError(
    `${place.subject} cannot be checked: its schema is asynchronous, and sockets send and receive ` +
      `without waiting; use a schema without asynchronous checks`,
  );
}

/** A schema of a definition, and who asks it. */
export interface DefinedSchema {
  readonly schema?: AnySchema | undefined;
  /** Default: `"sender"`. */
  readonly check?: CheckingSide | undefined;
}

/** True if a side asks the schema of a definition. */
export function isAskedBy(
  side: CheckingSide,
  { schema, check = "sender" }: DefinedSchema,
): boolean {
  return side === check && schema !== undefined && isAsked(schema);
}

/**
 * Checks a value on one side, also with a schema that is asynchronous.
 *
 * @param subject what does not match, in errors
 * @returns what the schema makes of the value; the value, if that side does not ask
 * @throws {SchemaError} if it does not match
 */
export async function checkOn(
  side: CheckingSide,
  defined: DefinedSchema,
  value: unknown,
  subject: string,
): Promise<unknown> {
  return isAskedBy(side, defined)
    ? await checkValueAsync(defined.schema!, value, { subject })
    : value;
}

/** As `checkValue`, also with a schema that is asynchronous. */
async function checkValueAsync(
  schema: AnySchema,
  value: unknown,
  place: CheckedPlace,
): Promise<unknown> {
  let result = ask(schema, value, place);
  try {
    result = await result;
  } catch (cause) {
    throw failed(place, cause);
  }
  return valueOf(result, place);
}

function ask(
  schema: AnySchema,
  value: unknown,
  place: CheckedPlace,
): SchemaResult<unknown> | Promise<SchemaResult<unknown>> {
  try {
    return schema["~standard"].validate(value);
  } catch (cause) {
    throw failed(place, cause);
  }
}

function isPromise(result: unknown): result is Promise<unknown> {
  return typeof (result as Promise<unknown> | undefined)?.then === "function";
}

function valueOf(result: SchemaResult<unknown>, place: CheckedPlace): unknown {
  if (result.issues === undefined) return result.value;
  throw mismatch(place, result.issues.map(issueOf));
}

function issueOf({ message, path = [] }: SchemaResultIssue): SchemaIssue {
  // A path may be of a subclass of arrays, whose map() is another one.
  return { path: `$${Array.from(path, shownKey).join("")}`, message };
}

function shownKey(segment: PropertyKey | { readonly key: PropertyKey }): string {
  const key = typeof segment === "object" ? segment.key : segment;
  if (typeof key === "number") return `[${key}]`;
  if (typeof key === "symbol") return `[${String(key)}]`;
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

function mismatch({ subject, consequence }: CheckedPlace, issues: SchemaIssue[]): SchemaError {
  const shown = issues.slice(0, MAX_SHOWN).map(({ path, message }) => `${path}: ${message}`);
  const more = issues.length - shown.length;
  if (more > 0) shown.push(`and ${pluralize(more, "more issue")}`);
  const end = consequence === undefined ? "" : `; ${consequence}`;
  return new SchemaError(`${subject} does not match the schema: ${shown.join("; ")}${end}`, issues);
}

function failed({ subject }: CheckedPlace, cause: unknown): SchemaError {
  return new SchemaError(
    `${subject} cannot be checked: the schema threw: ${messageOf(cause)}`,
    [],
    {
      cause,
    },
  );
}
