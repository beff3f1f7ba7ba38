/**
 * The `"json"` codec.
 *
 * @module
 */

import type { Codec } from "./codec.ts";
import { describeValue, isStackOverflow, messageOf } from "./codec_error.ts";
import { findCycle, findOffender } from "./codec_inspect.ts";
import { growScratch, INITIAL_SCRATCH, MAX_KEPT_SCRATCH } from "./codec_scratch.ts";

/**
 * JSON as UTF-8, with the rules of `JSON.stringify`: `toJSON` is called (so a `Date` arrives as a
 * string), `NaN` and `Infinity` arrive as `null`, `-0` as `0`, properties that are `undefined` are
 * left out, class instances arrive as plain objects.
 *
 * What `JSON.stringify` would drop or empty without a word is refused with an error that names the
 * path: functions, symbols, `Map`, `Set`, `RegExp`, `Error`, buffers, typed arrays and the like. So
 * are bigints and cycles.
 */
export const jsonCodec: Codec = Object.freeze({ id: "json", encode, decode });

const textEncoder = new TextEncoder();
// A byte order mark is no part of JSON: let the parser refuse it.
const textDecoder = new TextDecoder("utf-8", { ignoreBOM: true });
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

let scratch = new Uint8Array(INITIAL_SCRATCH);

function encode(value: unknown): Uint8Array {
  const text = stringify(value);
  if (scratch.length > MAX_KEPT_SCRATCH) scratch = new Uint8Array(INITIAL_SCRATCH);
  if (scratch.length < text.length) scratch = growScratch(scratch, 0, text.length);
  let { read, written } = textEncoder.encodeInto(text, scratch);
  if (read < text.length) {
    scratch = growScratch(scratch, 0, text.length * 3);
    ({ read, written } = textEncoder.encodeInto(text, scratch));
  }
  return scratch.subarray(0, written);
}

function stringify(value: unknown): string {
  let text: string | undefined;
  let lossy: boolean;
  try {
    text = JSON.stringify(value);
    lossy = losesContent(value);
  } catch (error) {
    throw explained(error, value);
  }
  if (lossy) throw lossError(value);
  if (text === undefined) throw new TypeError(`json cannot encode ${describeValue(value)}`);
  return text;
}

function lossError(root: unknown): TypeError {
  const found = findOffender(root, lostContent, isEntered);
  return new TypeError(
    found === undefined
      ? "json cannot encode the value: JSON would lose some of its content"
      : `json cannot encode ${describeValue(found.value)} at ${found.path}: ${found.reason}`,
  );
}

function explained(error: unknown, root: unknown): unknown {
  if (isStackOverflow(error)) {
    return new RangeError("json cannot encode the value: it is nested too deep", { cause: error });
  }
  const problem = bigIntProblem(root) ?? cycleProblem(root);
  return problem === undefined ? error : new TypeError(problem, { cause: error });
}

function bigIntProblem(root: unknown): string | undefined {
  const found = inspect(() =>
    findOffender(root, (value) => typeof value === "bigint" ? "send a string instead" : undefined)
  );
  return found &&
    `json cannot encode the bigint ${describeValue(found.value)} at ${found.path}: ` +
      `${found.reason}, or use codec "msgpack"`;
}

function cycleProblem(root: unknown): string | undefined {
  const cycle = inspect(() => findCycle(root));
  return cycle &&
    `json cannot encode a cycle: ${cycle.inner} is ${cycle.outer} itself; ` +
      `break the cycle, or use codec "clone"`;
}

/** A getter or proxy can throw during the search: then the first error is the one to report. */
function inspect<T>(search: () => T): T | undefined {
  try {
    return search();
  } catch {
    return undefined;
  }
}

/** The quick test of every message: follows what `JSON.stringify` visited, so it ends too. */
function losesContent(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return lostContent(value) !== undefined;
  if (Array.isArray(value)) return value.some(losesContent);
  if (hasToJSON(value)) return false;
  if (!isPlain(value) && lostContent(value) !== undefined) return true;
  const fields = value as Record<string, unknown>;
  for (const key of Object.keys(fields)) {
    const field = fields[key];
    if (typeof field === "string" || typeof field === "number") continue;
    if (losesContent(field)) return true;
  }
  return false;
}

function lostContent(value: unknown): string | undefined {
  switch (typeof value) {
    case "function":
    case "symbol":
      return "JSON would leave it out; send data alone";
    case "object":
      if (value === null || hasToJSON(value) || isPlain(value) || isCarried(value)) {
        return undefined;
      }
      return "JSON would lose its content; send a plain object or array" +
        ', or use codec "msgpack" for binary data and "clone" for the rest';
    default:
      return undefined;
  }
}

/** What `toJSON` returns stands for the object. */
function isEntered(value: object): boolean {
  return !hasToJSON(value);
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** What `JSON.stringify` keeps besides plain objects: fields of classes, and boxed primitives. */
function isCarried(value: object): boolean {
  if (Array.isArray(value)) return true;
  const tag = Object.prototype.toString.call(value);
  return tag === "[object Object]" || tag === "[object Number]" || tag === "[object String]" ||
    tag === "[object Boolean]";
}

function hasToJSON(value: object): boolean {
  return typeof (value as { toJSON?: unknown }).toJSON === "function";
}

function decode(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(textOf(bytes));
  } catch (error) {
    throw new TypeError(`json cannot decode ${bytes.length} bytes: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** The strict decoder takes twice as long: it is asked only if a character may be a replacement. */
function textOf(bytes: Uint8Array): string {
  const text = textDecoder.decode(bytes);
  return text.includes("\ufffd") ? strictDecoder.decode(bytes) : text;
}
