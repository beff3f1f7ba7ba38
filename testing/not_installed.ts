/** A program that a fixture needs is not on the path. */
export class NotInstalledError extends Error {
  /** The class name. */
  override name = "NotInstalledError";

  /** Says what to type. */
  constructor(program: string, install: string, options?: ErrorOptions) {
    super(`cannot start ${program}: it is not installed; type: ${install}`, options);
  }
}
