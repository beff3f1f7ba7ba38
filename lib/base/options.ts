/**
 * Options that several calls share, and their checks.
 *
 * @module
 */

/** How long a blocking call may take. */
export interface TimeoutOptions {
  /** Milliseconds, at least 0. Left out: as long as it takes. */
  timeoutMs?: number;
}

/** How long an asynchronous call may take, and what ends it early. */
export interface WaitOptions extends TimeoutOptions {
  /** Ends the wait with the signal's reason. */
  signal?: AbortSignal;
}

/** Longest channel name, in characters. */
const MAX_NAME_LENGTH = 200;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

/** Smallest ring, in bytes. */
export const MIN_CAPACITY_BYTES = 1024;
/** Largest ring, in bytes: a segment's addresses are 32 bits wide. */
export const MAX_CAPACITY_BYTES = 2 ** 31;
/** Ring size when nobody says otherwise, in bytes. */
export const DEFAULT_CAPACITY_BYTES = 1024 * 1024;

/** Throws unless `name` can name a channel. */
export function checkName(name: string): void {
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

/** Bytes of the ring that a capacity asks for: rounded up to a multiple of 64. */
export function checkCapacity(capacityBytes: number): number {
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

/** Milliseconds of a timeout; `Infinity` when it was left out. */
export function checkTimeout(options: TimeoutOptions | undefined): number {
  const timeoutMs = options?.timeoutMs;
  if (timeoutMs === undefined) return Infinity;
  if (typeof timeoutMs !== "number" || !Number.isFinite(timeoutMs) || timeoutMs < 0) {
    throw new RangeError(
      `timeoutMs must be a finite number of milliseconds, at least 0, not ${
        formatValue(timeoutMs)
      }`,
    );
  }
  return timeoutMs;
}

/** A value as it stands in an error message. */
export function formatValue(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "object" && value !== null) return value.constructor?.name ?? "an object";
  return String(value);
}
