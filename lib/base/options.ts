/**
 * Options that several calls share, and their checks.
 *
 * @module
 */

/** How long a blocking call may take. */
export interface TimeoutOptions {
  /** Milliseconds, at least 0. Default: no limit. */
  timeoutMs?: number;
}

/** How long an asynchronous call may take, and the signal that ends it early. */
export interface WaitOptions extends TimeoutOptions {
  /** Ends the wait with the signal's reason. */
  signal?: AbortSignal;
}

/**
 * Returns the milliseconds of a timeout. Default: `Infinity`.
 *
 * @throws {RangeError} if it is no finite number, at least 0
 */
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

/** Formats a value for an error message. */
export function formatValue(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "object" && value !== null) return value.constructor?.name ?? "an object";
  return String(value);
}
