/**
 * Differences, intersections and unions of sorted sets. A set counts as a sorted set whose scores are 1.
 *
 * @module
 */

import { EntryTable } from "../../store/entry_table.ts";
import { ScoredEntry } from "../../store/ranked_list.ts";
import type { SetValue } from "../../store/set_value.ts";
import { type ScoredMember, SortedSetValue } from "../../store/sorted_set_value.ts";
import { byteStringOf } from "../../store/value.ts";
import type { Client } from "../engine/client.ts";
import { type CommandRow, countedKeys, type Handler, row } from "../engine/command.ts";
import { err, SYNTAX_ERROR, WRONG_TYPE } from "../engine/errors.ts";
import { toInteger } from "./numbers.ts";
import { toCount } from "./ranges.ts";
import { membersReply, toScore } from "./scores.ts";
import { storeSortedSet } from "./sorted_set_store.ts";

/** What is made of several sorted sets. */
type Operation = "diff" | "inter" | "union";

/** Rows of the table. */
export const SORTED_SET_ALGEBRA_ROWS: readonly CommandRow[] = [
  reader("diff", "6.2.0", "The members of the first sorted set that the others lack."),
  reader("inter", "6.2.0", "The members that all sorted sets have."),
  reader("union", "6.2.0", "The members that any of the sorted sets has."),
  writer("diff", "6.2.0", "Stores the members of the first sorted set that the others lack."),
  writer("inter", "2.0.0", "Stores the members that all sorted sets have."),
  writer("union", "2.0.0", "Stores the members that any of the sorted sets has."),
  row(
    "zintercard",
    -3,
    "readonly movablekeys",
    countedKeys(1),
    "7.0.0",
    "How many members all sorted sets have.",
    zintercard,
  ),
];

function reader(operation: Operation, since: string, summary: string): CommandRow {
  const name = `z${operation}`;
  const handle: Handler = (client, args) => {
    const call = callOf(client, name, args, { hasWeights: operation !== "diff", isReader: true });
    const result = combined(operation, call);
    return membersReply(client, result.slice(0, result.size), call.hasScores);
  };
  return row(name, -3, "readonly movablekeys", countedKeys(1), since, summary, handle);
}

function writer(operation: Operation, since: string, summary: string): CommandRow {
  const name = `z${operation}store`;
  const handle: Handler = (client, [to, ...args]) => {
    const call = callOf(client, name, args, { hasWeights: operation !== "diff" });
    return storeSortedSet(client, to, combined(operation, call), name);
  };
  return row(name, -4, "write denyoom movablekeys", countedKeys(2, [1]), since, summary, handle);
}

/** One of the keys that are combined: its members with their scores, and what these are multiplied by. */
interface Source {
  readonly size: number;
  readonly weight: number;
  score(member: string): number | undefined;
  entries(): Iterable<readonly [member: string, score: number]>;
}

type Aggregate = (one: number, other: number) => number;

/** What a command is given. */
interface Call {
  readonly sources: readonly Source[];
  readonly aggregate: Aggregate;
  readonly hasScores: boolean;
  /** Most members that are counted, of which 0 stands for all. */
  readonly limit: number;
}

/** Which options a command has. */
interface Accepted {
  readonly hasWeights?: boolean;
  readonly isReader?: boolean;
  readonly isCounter?: boolean;
}

function callOf(
  { db }: Client,
  name: string,
  [number, ...words]: readonly string[],
  accepted: Accepted,
): Call {
  const count = toInteger(number);
  if (count < 1) throw err(`at least 1 input key is needed for '${name}' command`);
  if (count > words.length) throw SYNTAX_ERROR;
  const values = words.slice(0, count).map((key) => sourceValue(db, key));
  const { weights, ...options } = readOptions(words.slice(count), count, accepted);
  return { ...options, sources: values.map((value, i) => sourceOf(value, weights[i] ?? 1)) };
}

function sourceValue(db: Client["db"], key: string): SortedSetValue | SetValue | undefined {
  const entry = db.findUsed(key);
  if (entry === undefined) return undefined;
  if (entry.kind !== "zset" && entry.kind !== "set") throw WRONG_TYPE;
  return entry.value as SortedSetValue | SetValue;
}

const AGGREGATES: Readonly<Record<string, Aggregate>> = {
  SUM: (one, other) => numberOr0(one + other),
  MIN: Math.min,
  MAX: Math.max,
};

function readOptions(words: readonly string[], keyCount: number, accepted: Accepted) {
  const { hasWeights = false, isReader = false, isCounter = false } = accepted;
  const options = {
    weights: [] as number[],
    aggregate: AGGREGATES["SUM"],
    hasScores: false,
    limit: 0,
  };
  for (let i = 0; i < words.length; i++) {
    const name = words[i].toUpperCase();
    const left = words.length - 1 - i;
    if (name === "WEIGHTS" && hasWeights && left >= keyCount) {
      options.weights = words.slice(i + 1, i + 1 + keyCount).map(toWeight);
      i += keyCount;
    } else if (name === "AGGREGATE" && hasWeights && left >= 1) {
      options.aggregate = toAggregate(words[++i]);
    } else if (name === "WITHSCORES" && isReader) options.hasScores = true;
    else if (name === "LIMIT" && isCounter && left >= 1) {
      options.limit = toCount(words[++i], err("LIMIT can't be negative"));
    } else throw SYNTAX_ERROR;
  }
  return options;
}

function toWeight(text: string): number {
  return toScore(text, err("weight value is not a float"));
}

function toAggregate(word: string): Aggregate {
  const name = word.toUpperCase();
  if (!Object.hasOwn(AGGREGATES, name)) throw SYNTAX_ERROR;
  return AGGREGATES[name];
}

const NO_MEMBERS: Source = { size: 0, weight: 1, score: () => undefined, entries: () => [] };

function sourceOf(value: SortedSetValue | SetValue | undefined, weight: number): Source {
  if (value === undefined) return NO_MEMBERS;
  if (value instanceof SortedSetValue) {
    return {
      size: value.size,
      weight,
      score: (member) => value.score(member),
      entries: () => value.members.values().map(({ key, score }) => [key, score] as const),
    };
  }
  return {
    size: value.members.size,
    weight,
    score: (member) => value.has(member) ? 1 : undefined,
    entries: () => value.members.values().map(({ value }) => [byteStringOf(value), 1] as const),
  };
}

function weighed(score: number, { weight }: Source): number {
  return numberOr0(score * weight);
}

/** Infinity times 0, and infinity less infinity, are 0. */
function numberOr0(value: number): number {
  return Number.isNaN(value) ? 0 : value;
}

function combined(operation: Operation, call: Call): SortedSetValue {
  if (operation === "diff") return difference(call);
  return operation === "inter" ? intersection(call) : union(call);
}

function difference({ sources: [first, ...others] }: Call): SortedSetValue {
  const result: ScoredMember[] = [];
  for (const [key, score] of first.entries()) {
    if (others.every((source) => source.score(key) === undefined)) result.push({ key, score });
  }
  return SortedSetValue.from(result);
}

function bySize(sources: readonly Source[]): Source[] {
  return sources.toSorted((a, b) => a.size - b.size);
}

/** Goes through the smallest one. */
function intersection({ sources, aggregate, limit }: Call): SortedSetValue {
  const [smallest, ...others] = bySize(sources);
  const result: ScoredMember[] = [];
  for (const [key, first] of smallest.entries()) {
    if (limit > 0 && result.length === limit) break;
    let score: number | undefined = weighed(first, smallest);
    for (const source of others) {
      const other = source.score(key);
      score = other === undefined ? undefined : aggregate(score, weighed(other, source));
      if (score === undefined) break;
    }
    if (score !== undefined) result.push({ key, score });
  }
  return SortedSetValue.from(result);
}

function union({ sources, aggregate }: Call): SortedSetValue {
  const result = new EntryTable<ScoredEntry>();
  for (const source of bySize(sources)) {
    for (const [key, score] of source.entries()) {
      const value = weighed(score, source);
      const known = result.get(key);
      if (known === undefined) result.add(new ScoredEntry(key, value));
      else known.score = aggregate(known.score, value);
    }
  }
  return SortedSetValue.from(result.values());
}

function zintercard(client: Client, args: readonly string[]): number {
  return intersection(callOf(client, "zintercard", args, { isCounter: true })).size;
}
