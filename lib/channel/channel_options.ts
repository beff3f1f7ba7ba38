/**
 * The limits of a channel's name and of its ring.
 *
 * @module
 */

import { formatValue } from "../base/options.ts";

/** Longest channel name, in characters. */
const MAX_NAME_LENGTH = 200;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

/** Smallest ring, in bytes. */
export const MIN_CAPACITY_BYTES = 1024;
/** Largest ring, in bytes: the addresses in a segment are 32 bits wide. */
export const MAX_CAPACITY_BYTES = 2 ** 31;
/** Default size of a ring, in bytes. */
export const DEFAULT_CAPACITY_BYTES = 1024 * 1024;

/**
 * Checks the name of a channel.
 *
 * @throws {TypeError} if it is no valid name
 */
export function checkChannelName(name: string): void {
  if (typeof name !== "string") {
    throw new TypeError(
      `cannot open a channel: its name must be a string, not ${formatValue(name)}`,
    );
  }
  if (name.length === 0 || name.length > MAX_NAME_LENGTH || !NAME.test(name)) {
    throw new TypeError(
      `cannot open channel ${
        JSON.stringify(name)
      }: a name has 1 to ${MAX_NAME_LENGTH} characters of ` +
        `A-Z a-z 0-9 . _ - and starts with a letter or digit`,
    );
  }
}

/**
 * Returns the bytes of a ring for a requested capacity: rounded up to a multiple of 64.
 *
 * @throws {TypeError} if it is no whole number
 * @throws {RangeError} if it is out of range
 */
export function checkCapacity(capacityBytes: unknown): number {
  if (typeof capacityBytes !== "number" || !Number.isInteger(capacityBytes)) {
    throw new TypeError(`capacityBytes must be a whole number, not ${formatValue(capacityBytes)}`);
  }
  if (capacityBytes < MIN_CAPACITY_BYTES || capacityBytes > MAX_CAPACITY_BYTES) {
    throw new RangeError(
      `capacityBytes must be from ${MIN_CAPACITY_BYTES} to ${MAX_CAPACITY_BYTES}, not ${capacityBytes}`,
    );
  }
  return Math.ceil(capacityBytes / 64) * 64;
}
