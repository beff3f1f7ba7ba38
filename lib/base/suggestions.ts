/**
 * Suggestions for mistyped words.
 *
 * @module
 */

import { closestWord } from "./edit_distance.ts";

/** The unit at the end of an option's name. */
const UNIT = /(?:Ms|Seconds|Bytes)$/;
const UNIT_NAMES: Readonly<Record<string, string>> = {
  Ms: "milliseconds",
  Seconds: "seconds",
  Bytes: "bytes",
};
/** Units that other programs write. */
const FOREIGN_UNIT = /(?:ms|millis|milliseconds|s|sec|secs|seconds|bytes)$/;
/** Fewer letters match too many names. */
const MIN_PART_LENGTH = 3;

/**
 * The name that begins with the given one, or that differs from it by a few letters at most, if there is
 * one: a word that is not typed to its end is more likely than a wrong letter.
 */
export function nearest(given: string, names: Iterable<string>): string | undefined {
  const all = [...names];
  const begun = given === "" ? [] : all.filter((name) => name.startsWith(given));
  const maxDistance = Math.ceil(given.length / 3);
  return closestWord(given, begun, maxDistance) ?? closestWord(given, all, maxDistance);
}

/** `; did you mean ...?` with the nearest name, or nothing if none is near. */
export function didYouMean(given: string, names: Iterable<string>): string {
  const suggestion = nearest(given, names);
  return suggestion === undefined ? "" : `; did you mean ${suggestion}?`;
}

/** The option that a name means: another spelling, without its unit, mistyped, or a part of it. */
export function suggestOption(given: string, names: readonly string[]): string | undefined {
  const wanted = lettersOf(given);
  const same = names.find((name) => lettersOf(name) === wanted);
  if (same !== undefined) return same;
  const stem = wanted.replace(FOREIGN_UNIT, "");
  const ofStem = names.find((name) => {
    const own = lettersOf(name.replace(UNIT, ""));
    return own === wanted || own === stem;
  });
  return ofStem ?? nearest(given, names) ?? onlyPartOf(wanted, names) ?? onlyPartOf(stem, names);
}

function onlyPartOf(wanted: string, names: readonly string[]): string | undefined {
  const found = names.filter((name) => {
    const letters = lettersOf(name);
    return isPart(wanted, letters) || isPart(letters, wanted, MIN_PART_LENGTH + 1);
  });
  return found.length === 1 ? found[0] : undefined;
}

function isPart(part: string, whole: string, minLength = MIN_PART_LENGTH): boolean {
  return part.length >= minLength && (whole.startsWith(part) || whole.endsWith(part));
}

/** `ttl_seconds`, `ttl-seconds` and `ttlSeconds` are the same name. */
function lettersOf(name: string): string {
  return name.replaceAll(/[_\-\s]/g, "").toLowerCase();
}

/** An option's name, with the unit of its value. */
export function withUnit(name: string): string {
  const unit = UNIT.exec(name)?.[0];
  return unit === undefined ? name : `${name}, in ${UNIT_NAMES[unit]}`;
}
