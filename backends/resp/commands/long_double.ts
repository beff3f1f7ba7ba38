/**
 * Numbers as the machines of Redis compute them in `INCRBYFLOAT`: binary, with 64 digits, written with 17
 * digits after the point.
 *
 * @module
 */

import { err, NOT_A_FLOAT } from "../engine/errors.ts";
import type { ErrorReply } from "../protocol/reply.ts";

/** Digits of the binary number. */
const PRECISION = 64;
const DECIMALS = 17;
const NUMBER = /^([+-]?)(\d*)\.?(\d*)(?:e([+-]?\d+))?$/i;
/** Texts of this length and longer are no numbers, as in Redis. */
const MAX_LENGTH = 5 * 1024;
/** Powers of ten beyond this are infinite, or 0. */
const MAX_EXPONENT = 4950;

/** A number: `mantissa` times 2 to the power of `exponent`. */
export interface LongDouble {
  readonly mantissa: bigint;
  readonly exponent: number;
}

const INFINITE = /^[+-]?inf(?:inity)?$/i;

/** True for the text of a number that is infinite. */
export function isInfinite(text: string): boolean {
  return INFINITE.test(text);
}

/**
 * The text of the sum of two texts. What the second one is added to is checked first.
 *
 * @param notANumber what is thrown if the first text is no number
 */
export function longDoubleSum(text: string, by: string, notANumber: ErrorReply): string {
  const number = longDoubleOf(text);
  if (number === undefined && !isInfinite(text)) throw notANumber;
  const added = longDoubleOf(by);
  if (added === undefined && !isInfinite(by)) throw NOT_A_FLOAT;
  if (number === undefined || added === undefined) {
    throw err("increment would produce NaN or Infinity");
  }
  return longDoubleText(sum(number, added));
}

/** The number of a text; undefined if it is none, infinite or `nan`. */
export function longDoubleOf(text: string): LongDouble | undefined {
  const match = text.length < MAX_LENGTH ? NUMBER.exec(text) : null;
  if (match === null || match[2] + match[3] === "") return undefined;
  const [, sign, whole, fraction, power = "0"] = match;
  const tens = Number(power) - fraction.length;
  if (Math.abs(tens) > MAX_EXPONENT) return undefined;
  const digits = BigInt(whole + fraction) * (sign === "-" ? -1n : 1n);
  return tens >= 0
    ? rounded(digits * 10n ** BigInt(tens), 0)
    : quotient(digits, 10n ** BigInt(-tens));
}

/** The sum. */
export function sum(a: LongDouble, b: LongDouble): LongDouble {
  const exponent = Math.min(a.exponent, b.exponent);
  const aligned = ({ mantissa, exponent: from }: LongDouble) => mantissa << BigInt(from - exponent);
  return rounded(aligned(a) + aligned(b), exponent);
}

/** The text with up to 17 digits after the point, without zeros at the end. */
export function longDoubleText({ mantissa, exponent }: LongDouble): string {
  const isNegative = mantissa < 0n;
  const scaled = (isNegative ? -mantissa : mantissa) * 10n ** BigInt(DECIMALS);
  const digits = exponent >= 0 ? scaled << BigInt(exponent) : halfEven(scaled, -exponent);
  const text = String(digits).padStart(DECIMALS + 1, "0");
  const fraction = text.slice(-DECIMALS).replace(/0+$/, "");
  const whole = text.slice(0, -DECIMALS);
  const unsigned = fraction === "" ? whole : `${whole}.${fraction}`;
  return isNegative && unsigned !== "0" ? `-${unsigned}` : unsigned;
}

/** A fraction with more digits than are kept. One more digit is set if anything is left. */
function quotient(numerator: bigint, denominator: bigint): LongDouble {
  const length = (value: bigint) => (value < 0n ? -value : value).toString(2).length;
  const shift = Math.max(0, PRECISION + 2 + length(denominator) - length(numerator));
  const shifted = numerator << BigInt(shift);
  const whole = shifted / denominator;
  const isExact = whole * denominator === shifted;
  return rounded((whole << 1n) | (isExact ? 0n : 1n), -shift - 1);
}

/** Keeps 64 digits. */
function rounded(mantissa: bigint, exponent: number): LongDouble {
  const isNegative = mantissa < 0n;
  const value = isNegative ? -mantissa : mantissa;
  const excess = value.toString(2).length - PRECISION;
  if (excess <= 0) return { mantissa, exponent };
  const kept = halfEven(value, excess);
  return { mantissa: isNegative ? -kept : kept, exponent: exponent + excess };
}

/** Drops binary digits, and rounds to the nearest number; of two to the even one. */
function halfEven(value: bigint, digits: number): bigint {
  const shift = BigInt(digits);
  const whole = value >> shift;
  const rest = value - (whole << shift);
  const half = 1n << (shift - 1n);
  const isUp = rest > half || rest === half && (whole & 1n) === 1n;
  return isUp ? whole + 1n : whole;
}
