/**
 * Names of connections.
 *
 * @module
 */

import { err } from "../engine/errors.ts";

const NAME = /^[!-~]*$/;
/** As for other names. */
const MAX_LENGTH = 1024;

/** The name of a client, or throws. */
export function checkedName(name: string): string {
  if (name.length > MAX_LENGTH) {
    throw err(`a name of a client has at most ${MAX_LENGTH} characters`);
  }
  if (NAME.test(name)) return name;
  throw err("Client names cannot contain spaces, newlines or special characters.");
}
