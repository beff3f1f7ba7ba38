/**
 * The reader of JSON from elsewhere: within limits, and without a fault of the engine.
 *
 * @module
 */

import { checkLimits, MAX_READ_DEPTH, tooDeep } from "./json_limits.ts";
import { type NumberReader, readJson } from "./json_scanner.ts";

// V8, at least up to 15.0, confuses keys that have escapes with keys that it has parsed before.
const ESCAPED_KEY = /\\.[^"\\]*"\s*:/;

/**
 * Parses JSON as `JSON.parse` does, without its fault with escaped keys.
 *
 * @throws {SyntaxError} if the text is not JSON, or exceeds a limit
 */
export function parsePlainJson(text: string, maxDepth: number = MAX_READ_DEPTH): unknown {
  checkLimits(text, maxDepth);
  const value = JSON.parse(text);
  return hasEscapedKey(text) ? readDeep(text, Number) : value;
}

/** True if `JSON.parse` may confuse keys of the text. */
export function hasEscapedKey(text: string): boolean {
  return text.includes("\\") && ESCAPED_KEY.test(text);
}

/** Reads a text that `JSON.parse` has accepted. */
export function readDeep(text: string, readNumber: NumberReader): unknown {
  try {
    return readJson(text, readNumber);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw tooDeep(MAX_READ_DEPTH, error);
  }
}
