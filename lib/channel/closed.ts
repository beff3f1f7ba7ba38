/**
 * The error of calls that waited when their socket was closed.
 *
 * @module
 */

import { ShmClosedError } from "../base/errors.ts";

/** The error for a channel. */
export function closedWhileWaiting(name: string): ShmClosedError {
  return new ShmClosedError(`the socket on channel "${name}" was closed while this call waited`);
}
