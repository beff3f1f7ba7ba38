/**
 * Numbers on the command line.
 *
 * @module
 */

import { UsageError } from "../command.ts";

/** Bounds of a number. */
export interface Range {
  /** Smallest allowed value. Default: 0. */
  readonly min?: number;
  /** Largest allowed value. Default: no bound. */
  readonly max?: number;
  /** True if fractions are allowed. */
  readonly isFractional?: boolean;
}

/**
 * Reads the value of an option. Undefined if the option was not given.
 *
 * @throws {UsageError} if it is not a number, or out of range
 */
export function numberOf(
  option: string,
  text: string | undefined,
  { min: min = 0, max: max = Number.MAX_SAFE_INTEGER, isFractional = false }: Range = {},
): number | undefined {
  if (text === undefined) return undefined;
  const value = text.trim() === "" ? NaN : Number(text);
  const isRight = isFractional ? Number.isFinite(value) : Number.isSafeInteger(value);
  if (isRight && value >= min && value <= max) return value;
  const expected = isFractional ? "a number" : "a whole number";
  const bounds = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
  throw new UsageError(`--${option} takes ${expected} ${bounds}, not ${JSON.stringify(text)}`);
}

const UNITS: Record<string, number> = { "": 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };
const SIZE = /^(\d+)\s*([kmg]?)(?:i?b)?$/i;

/**
 * Reads a size such as `65536`, `64K` or `1MiB`. Undefined if the option was not given.
 *
 * @throws {UsageError} if it is not a size
 */
export function bytesOf(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const parts = SIZE.exec(text.trim());
  if (parts !== null) return Number(parts[1]) * UNITS[parts[2].toLowerCase()];
  throw new UsageError(
    `--${option} takes bytes such as 65536, 64K or 1M, not ${JSON.stringify(text)}`,
  );
}
