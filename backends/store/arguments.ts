/**
 * Arguments of the store's operations: their kind, their documentation and their check. Each transport
 * knows how it writes and reads every kind.
 *
 * @module
 */

import { checkName, checkTtl, PATTERN_RULES } from "./names.ts";
import { checkKey, type Value } from "./value.ts";

/** The kinds of arguments, and the type of their values. */
export interface ArgumentTypes {
  /** A name, a pattern or a key. */
  text: string;
  /** The JSON text of a message. */
  message: string;
  /** A text, or other JSON. */
  value: Value;
  values: readonly Value[];
  /** A time to live, in seconds. */
  seconds: number;
  /** A message id. */
  id: bigint;
  ids: readonly bigint[];
  /** A whole number, at least 1. */
  count: number;
  /** Milliseconds of the Unix epoch; may have a fraction. */
  timestamp: number;
}

/** A kind of argument. */
export type ArgumentKind = keyof ArgumentTypes;

/** An argument of an operation. */
export interface Argument<
  Kind extends ArgumentKind = ArgumentKind,
  IsOptional extends boolean = boolean,
> {
  readonly kind: Kind;
  readonly isOptional: IsOptional;
  /** Describes it in the documentation. */
  readonly summary: string;
  /** Throws `InvalidInputError` if the store would reject the value. */
  check(value: ArgumentTypes[Kind]): void;
}

/** The arguments of an operation by name, in their order; optional ones are last. */
export type Arguments = Readonly<Record<string, Argument>>;

/** The values of arguments by name. */
export type ArgumentValues<A extends Arguments> = {
  readonly [Name in keyof A]: A[Name] extends Argument<infer Kind, infer IsOptional>
    ? ArgumentTypes[Kind] | (IsOptional extends true ? undefined : never)
    : never;
};

/**
 * Checks the values of an operation's arguments.
 *
 * @throws {InvalidInputError} if the store would reject one of them
 */
export function checkArguments<A extends Arguments>(
  { arguments: declared }: { readonly arguments: A },
  values: ArgumentValues<A>,
): void {
  for (const [name, argument] of Object.entries(declared)) {
    const value = values[name];
    if (value !== undefined || !argument.isOptional) argument.check(value!);
  }
}

function argument<Kind extends ArgumentKind>(
  kind: Kind,
  summary: string,
  check: (value: ArgumentTypes[Kind]) => void = () => {},
): Argument<Kind, false> {
  return { kind, isOptional: false, summary, check };
}

/** An argument that may be absent. */
export function optional<Kind extends ArgumentKind>(
  required: Argument<Kind>,
): Argument<Kind, true> {
  return { ...required, isOptional: true };
}

/** A name of a topic, a channel or a namespace. */
export function name(
  what: "topic" | "channel" | "namespace",
  summary: string,
): Argument<"text", false> {
  return argument("text", summary, (value) => checkName(what, value));
}

/** A pattern of topics. */
export function pattern(summary: string): Argument<"text", false> {
  return argument("text", summary, (value) => checkName("pattern", value, PATTERN_RULES));
}

/** A key, or a field of a hash. */
export function key(what: "key" | "field", summary: string): Argument<"text", false> {
  return argument("text", summary, (value) => checkKey(what, value));
}

/** A time to live, in seconds. */
export function seconds(summary: string): Argument<"seconds", false> {
  return argument("seconds", summary, checkTtl);
}

/** The JSON text of a message. */
export function message(summary: string): Argument<"message", false> {
  return argument("message", summary);
}

/** A text, or other JSON. */
export function value(summary: string): Argument<"value", false> {
  return argument("value", summary);
}

/** Texts, or other JSON. */
export function values(summary: string): Argument<"values", false> {
  return argument("values", summary);
}

/** A message id. */
export function id(summary: string): Argument<"id", false> {
  return argument("id", summary);
}

/** Message ids. */
export function ids(summary: string): Argument<"ids", false> {
  return argument("ids", summary);
}

/** A whole number, at least 1. */
export function count(summary: string): Argument<"count", false> {
  return argument("count", summary);
}

/** Milliseconds of the Unix epoch. */
export function timestamp(summary: string): Argument<"timestamp", false> {
  return argument("timestamp", summary);
}

/** Any text. */
export function text(summary: string): Argument<"text", false> {
  return argument("text", summary);
}
