/**
 * Times to live in the words of commands.
 *
 * @module
 */

import type { Client } from "../engine/client.ts";
import { err } from "../engine/errors.ts";
import { MAX_INT64, toInt64 } from "./numbers.ts";

/** How a command gives a time to live. */
export interface TimeForm {
  /** Milliseconds of its unit. */
  readonly unitMs: bigint;
  /** True for a time of the Unix epoch. */
  readonly isAbsolute: boolean;
}

/** The forms by the option that has them. */
export const TIME_FORMS: Readonly<Record<string, TimeForm>> = {
  EX: { unitMs: 1000n, isAbsolute: false },
  PX: { unitMs: 1n, isAbsolute: false },
  EXAT: { unitMs: 1000n, isAbsolute: true },
  PXAT: { unitMs: 1n, isAbsolute: true },
};

/**
 * The time of the store's clock that a word stands for, or throws.
 *
 * @param command its name, for the error
 */
export function expiryTime(client: Client, text: string, form: TimeForm, command: string): number {
  const value = toInt64(text);
  if (value <= 0n) throw invalidTime(command);
  return timeOf(client, value, form, command);
}

/** The same for a number that may be 0 or less. */
export function timeOf(client: Client, value: bigint, form: TimeForm, command: string): number {
  const ms = value * form.unitMs;
  const start = form.isAbsolute ? 0n : BigInt(client.nowMs);
  const at = start + ms;
  if (absolute(ms) > MAX_INT64 || absolute(at) > MAX_INT64) throw invalidTime(command);
  return Number(at);
}

function absolute(value: bigint): bigint {
  return value < 0n ? -value : value;
}

function invalidTime(command: string) {
  return err(`invalid expire time in '${command}' command`);
}
