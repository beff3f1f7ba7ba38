/**
 * How long a call waits.
 *
 * @module
 */

import { err } from "../engine/errors.ts";
import { toFloat } from "./numbers.ts";

const MAX_TIMEOUT_MS = 2 ** 63;
const OUT_OF_RANGE = err("timeout is out of range");

/** Milliseconds for a word with seconds, of which 0 stands for no limit. */
export function toTimeoutMs(seconds: string): number {
  return limited(Math.ceil(toFloat(seconds, err("timeout is not a float or out of range")) * 1000));
}

/** Milliseconds for a number of them, of which 0 stands for no limit. */
export function limited(timeoutMs: number): number {
  if (timeoutMs > MAX_TIMEOUT_MS) throw OUT_OF_RANGE;
  if (timeoutMs < 0) throw err("timeout is negative");
  return timeoutMs === 0 ? Infinity : timeoutMs;
}
