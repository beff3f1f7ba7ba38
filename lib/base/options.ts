/**
 * Options that several calls share, and values in error messages.
 *
 * @module
 */

import { redactUrl } from "./redact.ts";

/** How long a blocking call may take. */
export interface TimeoutOptions {
  /** Milliseconds, at least 0. Default: no limit. */
  timeoutMs?: number | undefined;
}

/** How long an asynchronous call may take, and the signal that ends it early. */
export interface WaitOptions extends TimeoutOptions {
  /** Ends the wait with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** Formats a value for an error message, without the secrets of a URL. */
export function formatValue(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(redactUrl(value));
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") {
    return value.name === "" ? "a function" : `function ${value.name}`;
  }
  if (typeof value === "object" && value !== null) return value.constructor?.name ?? "an object";
  return String(value);
}
