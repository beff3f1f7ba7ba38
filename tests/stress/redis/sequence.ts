/**
 * Sequences of commands, and how they are sent.
 *
 * @module
 */

import fc from "fast-check";
import type { Comparison, Template } from "./template.ts";
import { TEMPLATES } from "./templates.ts";
import { junk } from "./words.ts";

/** A command to send. */
export interface Step {
  readonly words: readonly string[];
  readonly comparison: Comparison;
  /** True to wait for 3 ms afterwards, in which a short time to live passes. */
  readonly waits?: boolean;
}

/** A sequence, and the version of the protocol that it is sent with. */
export interface Sequence {
  readonly version: 2 | 3;
  /** True to send all commands at once. */
  readonly isPipelined: boolean;
  readonly steps: readonly Step[];
}

/**
 * Commands whose last word says how long they wait, which must not be 0; that choose at random without one;
 * and that take one more word since a later version.
 */
const UNCHANGED = /^(?:B[LRZ]|SPOP$|ZRANK$|ZREVRANK$)/;

/** Now and then a word is missing, or one too many. */
function step({ words, comparison }: Template): fc.Arbitrary<Step> {
  const change = fc.oneof(
    { weight: 20, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.constant("drop" as const) },
    { weight: 1, arbitrary: junk.map((word) => ({ word })) },
  );
  return fc.tuple(words, change).map(([all, change]) => {
    // A script may call the command.
    if (UNCHANGED.test(all[0]) || UNCHANGED.test(all[3] ?? "")) return { words: all, comparison };
    if (change === "drop") return { words: all.slice(0, Math.max(1, all.length - 1)), comparison };
    return { words: change === undefined ? all : [...all, change.word], comparison };
  });
}

const key = fc.constantFrom("a", "b", "c", "d");
const shortLived: fc.Arbitrary<Step> = key.map((name) => ({
  words: ["PEXPIRE", name, "1"],
  comparison: "exact",
  waits: true,
}));

/**
 * A number that is too large or too small, for example in a script, is remembered by redis-server until it reads
 * another one, and `SORT` says then that its scores are no numbers. This reads one, and changes nothing.
 */
const READ_NUMBER: Step = { words: ["ZADD", "none", "XX", "1", "m"], comparison: "exact" };

function withNumberBefore(step: Step): Step[] {
  return step.words.some((word) => /^SORT(?:_RO)?$/i.test(word)) ? [READ_NUMBER, step] : [step];
}

/** Sequences of the commands of some types. */
export function sequences(types: readonly string[], maxLength: number): fc.Arbitrary<Sequence> {
  const steps = types.flatMap((type) => TEMPLATES[type].map(step));
  const any = fc.oneof(
    { weight: 60, arbitrary: fc.oneof(...steps) },
    { weight: 1, arbitrary: shortLived },
  );
  return fc.record({
    version: fc.constantFrom(2 as const, 3 as const),
    isPipelined: fc.boolean(),
    steps: fc.array(any, { minLength: 1, maxLength, size: "max" })
      .map((steps) => steps.flatMap(withNumberBefore)),
  });
}
