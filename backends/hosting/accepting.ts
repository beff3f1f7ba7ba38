/**
 * What servers do when they cannot accept a connection.
 *
 * @module
 */

import type { BackoffOptions } from "../../lib/base/retry.ts";

/** Delays after failures to accept a connection, such as without a free file descriptor. */
export const ACCEPT_BACKOFF: BackoffOptions = { initialMs: 50, maxMs: 1000 };
