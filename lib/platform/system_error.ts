/**
 * The error of a call of the C library.
 *
 * @module
 */

import { RingbusError } from "../base/errors.ts";

/** A call of the C library that failed. */
export class SystemError extends RingbusError {
  override name = "SystemError";
  /** Stable code of the class. */
  override readonly code: string = "system";
  /** Name of the C library's `errno`, such as `"ENOENT"`; `"E123"` if it has no name here. */
  readonly errno: string;

  /** Names the failed call and its `errno`. */
  constructor(call: string, errno: string) {
    super(`${call} failed with ${errno}`);
    this.errno = errno;
  }
}
