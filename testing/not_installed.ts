import { RingbusError } from "../lib/base/errors.ts";

/** A program that a fixture needs is not on the path. */
export class NotInstalledError extends RingbusError {
  /** The class name. */
  override name = "NotInstalledError";
  /** Stable code of the class. */
  override readonly code: string = "testing-not-installed";

  /** Names the program, and the command that installs it. */
  constructor(program: string, install: string, options?: ErrorOptions) {
    super(`cannot start ${program}: it is not installed; type: ${install}`, options);
  }
}
