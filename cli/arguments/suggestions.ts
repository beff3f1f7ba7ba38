/**
 * What somebody may have meant who mistyped.
 *
 * @module
 */

import { closestMatch } from "leven";

/** `; did you mean ...?` with the name that is nearly the one given, or nothing if none is. */
export function didYouMean(given: string, names: Iterable<string>): string {
  const maxDistance = Math.ceil(given.length / 3);
  const suggestion = closestMatch(given, [...names], { maxDistance });
  return suggestion === undefined ? "" : `; did you mean ${suggestion}?`;
}
