/**
 * The errors of recordings.
 *
 * @module
 */

/** A file cannot be read as a recording, or not be written. */
export class RecordingError extends Error {
  /** The class name. */
  override name = "RecordingError";
}
