/**
 * Names of connections.
 *
 * @module
 */

import { err } from "../engine/errors.ts";

const NAME = /^[!-~]*$/;

/** The name of a client, or throws. */
export function checkedName(name: string): string {
  if (NAME.test(name)) return name;
  throw err("Client names cannot contain spaces, newlines or special characters.");
}
