/**
 * `ZADD` and `ZINCRBY`.
 *
 * @module
 */

import { SortedSetValue } from "../../store/sorted_set_value.ts";
import type { Client } from "../engine/client.ts";
import { err, SYNTAX_ERROR } from "../engine/errors.ts";
import type { Reply } from "../protocol/reply.ts";
import { scoreReply, toScore } from "./scores.ts";

const NOT_A_NUMBER = err("resulting score is not a number (NaN)");
const OPTIONS = ["nx", "xx", "gt", "lt", "ch", "incr"] as const;

const LETTER_A = 0x41;

type Option = (typeof OPTIONS)[number];

/** `ZADD` */
export function zadd(client: Client, [key, ...words]: readonly string[]): Reply {
  return add(client, key, words, new Set());
}

/** `ZINCRBY` */
export function zincrby(client: Client, [key, ...words]: readonly string[]): Reply {
  return add(client, key, words, new Set<Option>(["incr"]));
}

function add(client: Client, key: string, words: readonly string[], options: Set<Option>): Reply {
  const rest = readOptions(words, options);
  checkOptions(options, rest.length);
  const pairs = pairsOf(rest);
  const isKnown = client.db.entryOf(key, "zset") !== undefined;
  const counts = isKnown || !options.has("xx") ? setAll(client, key, pairs, options) : NOTHING;
  if (options.has("incr")) return scoreReply(client, counts.score);
  return options.has("ch") ? counts.added + counts.updated : counts.added;
}

/** Options begin with a letter, and most numbers with a digit. */
function beginsWithLetter(word: string): boolean {
  return word.charCodeAt(0) >= LETTER_A;
}

/** Adds the options at the begin; returns the words after them. */
function readOptions(words: readonly string[], options: Set<Option>): readonly string[] {
  let at = 0;
  for (; at < words.length && beginsWithLetter(words[at]); at++) {
    const option = words[at].toLowerCase() as Option;
    if (!OPTIONS.includes(option)) break;
    options.add(option);
  }
  return words.slice(at);
}

function checkOptions(options: ReadonlySet<Option>, wordsLeft: number): void {
  if (wordsLeft === 0 || wordsLeft % 2 !== 0) throw SYNTAX_ERROR;
  if (options.size === 0) return;
  if (options.has("nx") && options.has("xx")) {
    throw err("XX and NX options at the same time are not compatible");
  }
  if ((["gt", "lt", "nx"] as const).filter((option) => options.has(option)).length > 1) {
    throw err("GT, LT, and/or NX options at the same time are not compatible");
  }
  if (options.has("incr") && wordsLeft > 2) {
    throw err("INCR option supports a single increment-element pair");
  }
}

/** A score with its member. */
type Pair = readonly [score: number, member: string];

function pairsOf(words: readonly string[]): Pair[] {
  const pairs: Pair[] = [];
  for (let i = 0; i < words.length; i += 2) pairs.push([toScore(words[i]), words[i + 1]]);
  return pairs;
}

/** What was done. */
interface Counts {
  readonly added: number;
  readonly updated: number;
  /** The last score that was set, or was right already. */
  readonly score: number | undefined;
}

const NOTHING: Counts = { added: 0, updated: 0, score: undefined };

function setAll(
  { db }: Client,
  key: string,
  pairs: readonly Pair[],
  options: ReadonlySet<Option>,
): Counts {
  const set = db.collection(key, "zset", () => new SortedSetValue());
  let [added, updated, last] = [0, 0, undefined as number | undefined];
  for (const [number, member] of pairs) {
    const old = set.score(member);
    const score = newScore(old, number, options);
    if (score === undefined) continue;
    last = score;
    if (score === old) continue;
    if (set.set(member, score)) added++;
    else updated++;
  }
  if (added + updated > 0) db.changed(key, options.has("incr") ? "zincr" : "zadd");
  return { added, updated, score: last };
}

/** The score that a member gets; undefined if the options rule it out. */
function newScore(
  old: number | undefined,
  number: number,
  options: ReadonlySet<Option>,
): number | undefined {
  if (old === undefined) return options.has("xx") ? undefined : number;
  if (options.has("nx")) return undefined;
  const score = options.has("incr") ? old + number : number;
  if (Number.isNaN(score)) throw NOT_A_NUMBER;
  const isRuledOut = options.has("gt") && score <= old || options.has("lt") && score >= old;
  return isRuledOut ? undefined : score;
}
