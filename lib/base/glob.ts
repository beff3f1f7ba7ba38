/**
 * Patterns of topics, with the syntax of Redis: `*` matches any number of characters, `?` exactly one,
 * `[a-z]` and `[^a-z]` one of a class, and `\` makes the next character literal.
 *
 * A pattern is kept as its text only, and a match takes time that is linear in the length of the name:
 * no name and no pattern makes it go back.
 *
 * @module
 */

import { Automaton } from "./glob_automaton.ts";

const SPECIAL = /[*?[\\]/;
const BEYOND_STARS = /[?[\\]/;

/** A pattern that is ready to match. */
export function glob(pattern: string): (text: string) => boolean {
  if (!SPECIAL.test(pattern)) return (text) => text === pattern;
  if (BEYOND_STARS.test(pattern)) return (text) => automaton.matches(pattern, text);
  return (text) => matchesStars(pattern, text);
}

/** The characters that every name that a pattern matches begins with. */
export function literalPrefix(pattern: string): string {
  const end = pattern.search(SPECIAL);
  return end === -1 ? pattern : pattern.slice(0, end);
}

/** One for all patterns: it is ready for another one in less time than a match takes. */
const automaton = new Automaton();

/** Matches a pattern of literal texts with `*` between them: each is searched for after the one before. */
function matchesStars(pattern: string, text: string): boolean {
  let star = pattern.indexOf("*");
  if (!text.startsWith(pattern.slice(0, star))) return false;
  let at = star;
  for (;;) {
    const next = pattern.indexOf("*", star + 1);
    if (next === -1) break;
    const piece = pattern.slice(star + 1, next);
    const found = text.indexOf(piece, at);
    if (found === -1) return false;
    at = found + piece.length;
    star = next;
  }
  const last = pattern.slice(star + 1);
  return text.length - last.length >= at && text.endsWith(last);
}
