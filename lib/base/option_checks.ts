/**
 * Checks of the values of options, for `OptionRules`.
 *
 * @module
 */

import { checkInteger, checkSeconds } from "./checks.ts";
import type { Instrumentation } from "./instrumentation.ts";
import type { OptionCheck, OptionRules } from "./option_rules.ts";
import { formatValue, type TimeoutOptions } from "./options.ts";

/** Milliseconds, at least 0. */
export function durationMs(name: string, value: unknown): number {
  if (typeof value === "number" && Number.isFinite(value) && value >= 0) return value;
  throw new RangeError(
    `${name} must be a finite number of milliseconds, at least 0, not ${formatValue(value)}`,
  );
}

/**
 * Returns the milliseconds of a timeout. Default: `Infinity`.
 *
 * @throws {RangeError} if it is no finite number, at least 0
 */
export function checkTimeout(options: TimeoutOptions | undefined): number {
  const timeoutMs = options?.timeoutMs;
  return timeoutMs === undefined ? Infinity : durationMs("timeoutMs", timeoutMs);
}

/** Milliseconds, more than 0. */
export function positiveMs(name: string, value: unknown): number {
  if (typeof value === "number" && Number.isFinite(value) && value > 0) return value;
  throw new RangeError(
    `${name} must be a finite number of milliseconds, more than 0, not ${formatValue(value)}`,
  );
}

/** A whole number within limits. */
export function wholeNumber(min: number, max?: number): OptionCheck<number> {
  return (name, value) => checkInteger(name, value, min, max);
}

/** A duration in seconds, of at least a millisecond and at most `maxMs`. */
export function seconds(maxMs?: number): OptionCheck<number> {
  return (name, value) => {
    checkSeconds(name, value, maxMs);
    return value as number;
  };
}

/** True or false. */
export function flag(name: string, value: unknown): boolean {
  if (typeof value === "boolean") return value;
  throw new TypeError(`${name} must be true or false, not ${formatValue(value)}`);
}

/** Any string. */
export function text(name: string, value: unknown): string {
  if (typeof value === "string") return value;
  throw new TypeError(`${name} must be a string, not ${formatValue(value)}`);
}

/** The path of a directory. */
export function directoryPath(name: string, value: unknown): string {
  if (typeof value === "string" && value !== "" && !value.includes("\0")) return value;
  throw new TypeError(`${name} must be the path of a directory, not ${formatValue(value)}`);
}

/** One of some strings. */
export function oneOf<V extends string>(...values: readonly V[]): OptionCheck<V> {
  const shown = values.map(formatValue);
  const allowed = values.length === 2 ? shown.join(" or ") : `one of ${shown.join(", ")}`;
  return (name, value) => {
    if (values.includes(value as V)) return value as V;
    throw new TypeError(`${name} must be ${allowed}, not ${formatValue(value)}`);
  };
}

/** A function. */
export function callback<F>(name: string, value: unknown): F {
  if (typeof value === "function") return value as F;
  throw new TypeError(`${name} must be a function, not ${formatValue(value)}`);
}

/** A signal that ends a call. */
export function abortSignal(name: string, value: unknown): AbortSignal {
  if (value instanceof AbortSignal) return value;
  throw new TypeError(`${name} must be an AbortSignal, not ${formatValue(value)}`);
}

/** An object that has some methods. */
export function objectWith<T>(...methods: readonly (keyof T & string)[]): OptionCheck<T> {
  return (name, value) => {
    const isObject = typeof value === "object" && value !== null;
    const has = (method: string) =>
      typeof (value as Record<string, unknown>)[method] === "function";
    if (isObject && methods.every(has)) return value as T;
    const names = methods.map((method) => `${method}()`).join(", ");
    throw new TypeError(`${name} must be an object with ${names}, not ${formatValue(value)}`);
  };
}

/** What observes a socket, a backend or a queue. */
export const observer: OptionCheck<Instrumentation> = objectWith(
  "begin",
  "received",
  "callHeaders",
);

/** A class, also one with a private constructor. */
// deno-lint-ignore ban-types
type Class<T> = Function & { readonly prototype: T };

/** An instance of a class, which may be declared later. */
export function instanceOf<T>(classOf: () => Class<T>): OptionCheck<T> {
  return (name, value) => {
    const type = classOf();
    if (value instanceof type) return value as T;
    const article = /^[AEIO]/.test(type.name) ? "an" : "a";
    throw new TypeError(`${name} must be ${article} ${type.name}, not ${formatValue(value)}`);
  };
}

/** True for an object of properties: no array, no Map and the like, of which JSON would make an empty object. */
export function isObject(value: unknown): boolean {
  return Object.prototype.toString.call(value) === "[object Object]";
}

/** An object of properties. */
export function object<T extends object>(name: string, value: unknown): T {
  if (isObject(value)) return value as T;
  throw new TypeError(`${name} must be an object, not ${formatValue(value)}`);
}

/** Null, or what another check accepts. */
export function nullable<V>(check: OptionCheck<V>): OptionCheck<V | null> {
  return (name, value) => value === null ? null : check(name, value);
}

/** Options within options. */
export function optionsOf<T extends object>(rules: OptionRules<T>): OptionCheck<T> {
  return (_name, value) => {
    rules.require(value as T);
    return value as T;
  };
}

/** Any value. */
export function anyValue<V>(_name: string, value: unknown): V {
  return value as V;
}
