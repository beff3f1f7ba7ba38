/**
 * Telling a full disk from other failures.
 *
 * @module
 */

import { ShmConnectionError } from "../base/errors.ts";
import { SystemError } from "./system_error.ts";

const CODES: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT", "ENOMEM"]);

/** True if storage is exhausted. */
export function isOutOfSpace(error: unknown): error is ShmConnectionError {
  return error instanceof ShmConnectionError && error.cause instanceof SystemError &&
    CODES.has(error.cause.errno);
}
