/**
 * The errors of recordings.
 *
 * @module
 */

import { RingbusError } from "../base/errors.ts";

/** A file cannot be read as a recording, or cannot be written. */
export class RecordingError extends RingbusError {
  /** The class name. */
  override name = "RecordingError";
  /** Stable code of the class. */
  override readonly code: string = "recording";
}
