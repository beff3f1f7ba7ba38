/**
 * Templates of commands: a name, and arbitraries for its words.
 *
 * @module
 */

import fc from "fast-check";

/** How replies of two servers are compared. */
export type Comparison =
  /** Every byte. */
  | "exact"
  /** Elements in any order. */
  | "unordered"
  /** Pairs of elements in any order. */
  | "pairs"
  /** A part of a collection that has one part only. */
  | "scan"
  /** The same for pairs. */
  | "scan pairs"
  /** Numbers that depend on the time of the call. */
  | "near"
  /** Every byte but times and durations. */
  | "times"
  /** The shape alone: what is chosen at random. */
  | "shape";

/** Words of a command: one, or several. */
export type Words = fc.Arbitrary<string | readonly string[]>;

/** A command that may be drawn. */
export interface Template {
  readonly words: fc.Arbitrary<string[]>;
  readonly comparison: Comparison;
}

/** A template: words that are texts stand for themselves. */
export function template(
  first: string,
  rest: readonly (string | Words)[],
  comparison: Comparison = "exact",
): Template {
  const names = first.split(" ");
  const parts = rest.map((part) => typeof part === "string" ? fc.constant(part) : part);
  return { words: fc.tuple(...parts).map((all) => [...names, ...all.flat()]), comparison };
}

/** Sometimes these words, and sometimes none. */
export function maybe(...words: (string | Words)[]): Words {
  const parts = words.map((part) => typeof part === "string" ? fc.constant(part) : part);
  return fc.option(fc.tuple(...parts).map((all) => all.flat() as string[]), { nil: [], freq: 1 });
}

/** One of several. */
export function one(...choices: (string | Words)[]): Words {
  return fc.oneof(...choices.map((part) => typeof part === "string" ? fc.constant(part) : part));
}

/** Several words in a row. */
export function all(...words: (string | Words)[]): Words {
  const parts = words.map((part) => typeof part === "string" ? fc.constant(part) : part);
  return fc.tuple(...parts).map((each) => each.flat() as string[]);
}

/** From `least` to `most` of them. */
export function many(words: Words, least = 1, most = 4): Words {
  return fc.array(words, { minLength: least, maxLength: most }).map((list) => list.flat());
}
