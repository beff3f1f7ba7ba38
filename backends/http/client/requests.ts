/**
 * The requests that call the store's operations.
 *
 * @module
 */

import { formatValue } from "../../../lib/base/options.ts";
import { MessagingRefusedError } from "../../messaging/errors.ts";
import type {
  ArgumentKind,
  Arguments,
  ArgumentTypes,
  ArgumentValues,
} from "../../store/arguments.ts";
import { type HttpBinding, notCarried, type Operation } from "../../store/operation.ts";
import { valueToJson } from "../../store/value.ts";
import type { HttpRequest } from "./client.ts";

type Values = Readonly<Record<string, unknown>>;

/** How a body carries an argument, as JSON text; undefined for an absent one. */
const BODY_WRITERS: {
  readonly [Kind in ArgumentKind]?: (
    value: ArgumentTypes[Kind],
    name: string,
  ) => string | undefined;
} = {
  text: (text) => JSON.stringify(text),
  message: (text) => text,
  value: valueToJson,
  values: (values) => `[${values.map(valueToJson)}]`,
  seconds: secondsToJson,
};

/**
 * The request that calls an operation.
 *
 * @param subscriberId name of the subscriber that the operation is for
 * @throws {MessagingRefusedError} if an argument cannot be sent
 */
export function requestOf<A extends Arguments>(
  operation: Operation<A>,
  values: ArgumentValues<A>,
  subscriberId?: string,
): HttpRequest {
  const { name, http } = operation;
  if (http === undefined) throw notCarried("the HTTP server", name);
  const { method } = http;
  if (method !== "POST") return { method, path: urlPath(http, values) };
  return { method, path: http.path, body: bodyOf(operation, values, subscriberId) };
}

function bodyOf(
  { arguments: declared }: Operation,
  values: Values,
  subscriberId: string | undefined,
): string {
  const members = Object.entries(declared).map(([name, { kind }]) => [
    name,
    values[name] === undefined ? undefined : write(kind, values[name], name),
  ]);
  if (subscriberId !== undefined) members.push(["subscriber_id", JSON.stringify(subscriberId)]);
  return `{${members.map(([name, text]) => `${JSON.stringify(name)}:${text ?? "null"}`)}}`;
}

function write(kind: ArgumentKind, value: unknown, name: string): string | undefined {
  const writer = BODY_WRITERS[kind];
  if (writer === undefined) throw notCarried("a body", `an argument of kind ${kind}`);
  return writer(value as never, name);
}

/** JSON has no NaN and no Infinity. */
function secondsToJson(seconds: number, name: string): string {
  if (Number.isFinite(seconds)) return JSON.stringify(seconds);
  throw new MessagingRefusedError(
    `${name} must be a number of seconds, more than 0, not ${formatValue(seconds)}`,
  );
}

const PARAMETER = /\/\{(\w+)\}/g;

/** Path and query: arguments that the path does not name are in the query. */
function urlPath({ path }: HttpBinding, values: Values): string {
  const names = [...path.matchAll(PARAMETER)].map(([, name]) => name);
  const inPath = new Map(names.map((name) => [name, String(values[name])]));
  const query = Object.entries(values)
    .filter(([name, value]) => !inPath.has(name) && value !== undefined)
    .flatMap(([name, value]) => [value].flat().map((item) => [name, String(item)]));
  const base = path.replace(PARAMETER, "");
  if (!isPathSafe(base, inPath)) return `${base}?${new URLSearchParams([...inPath, ...query])}`;
  const segments = [base, ...[...inPath.values()].map(encodeURIComponent)].join("/");
  if (query.length === 0) return segments;
  // The protocol has a slash before the query of a path without parameters.
  return `${segments}${inPath.size === 0 ? "/" : ""}?${new URLSearchParams(query)}`;
}

/**
 * False if a URL cannot have one of the names as a segment of its path.
 *
 * @throws {MessagingRefusedError} if a name has lone surrogates
 */
function isPathSafe(base: string, names: ReadonlyMap<string, string>): boolean {
  const all = [...names.values()];
  if (!all.every((name) => name.isWellFormed())) {
    throw new MessagingRefusedError(`${base} was refused: a name has lone surrogates`);
  }
  return !all.some((name) => name === "." || name === "..");
}
