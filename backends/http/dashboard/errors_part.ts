/**
 * The last errors of the servers of a store, for the snapshots of one of them.
 *
 * @module
 */

import type { RecentError } from "../../store/recent_errors.ts";
import type { Observed } from "../metrics/view.ts";

/** Most errors that a snapshot has. */
const MAX_ERRORS = 50;

/** The last errors, the newest first. */
export function errorsOf({ requests, store }: Observed): RecentError[] {
  const others = [...store.connectionStats].flatMap((source) => [...source.recentErrors()]);
  return [...requests.recentErrors, ...others]
    .sort((a, b) => b.atMs - a.atMs)
    .slice(0, MAX_ERRORS);
}
