/**
 * How long a call waits.
 *
 * @module
 */

import type { Client } from "../engine/client.ts";
import { err } from "../engine/errors.ts";
import { isSince } from "../engine/version.ts";
import { toFloat } from "./numbers.ts";

const MAX_TIMEOUT_MS = 2 ** 63;
const NOT_A_TIME = err("timeout is not a float or out of range");
const OUT_OF_RANGE = err("timeout is out of range");
const NEGATIVE = err("timeout is negative");

/** Milliseconds for a word with seconds, of which 0 stands for no limit. */
export function toTimeoutMs({ service: { version } }: Client, seconds: string): number {
  const timeoutMs = Math.ceil(toFloat(seconds, NOT_A_TIME) * 1000);
  // The number of milliseconds of these versions overflows.
  if (timeoutMs >= MAX_TIMEOUT_MS && !isSince("7.2.0", version)) throw NEGATIVE;
  return limited(timeoutMs);
}

/** Milliseconds for a number of them, of which 0 stands for no limit. */
export function limited(timeoutMs: number): number {
  if (timeoutMs >= MAX_TIMEOUT_MS) throw OUT_OF_RANGE;
  if (timeoutMs < 0) throw NEGATIVE;
  return timeoutMs === 0 ? Infinity : timeoutMs;
}
