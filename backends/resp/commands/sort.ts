/**
 * `SORT`.
 *
 * @module
 */

import type { Kind, Kinds } from "../../store/keyspace.ts";
import { byteStringOf } from "../../store/value.ts";
import type { Client } from "../engine/client.ts";
import { err, SYNTAX_ERROR, WRONG_TYPE } from "../engine/errors.ts";
import type { KeyPositions } from "../engine/command_info.ts";
import type { Reply } from "../protocol/reply.ts";
import { parseFloat64, toInteger } from "./numbers.ts";
import { storeElements } from "./sort_store.ts";
import { stringOf } from "./values.ts";

/** What the command is given after the key. */
interface SortOptions {
  by?: string | undefined;
  limit?: readonly [number, number] | undefined;
  readonly gets: string[];
  isDescending: boolean;
  isAlpha: boolean;
  store?: string | undefined;
}

/** The elements of each kind of value that can be sorted, in their order. */
const ELEMENTS: { readonly [K in Kind]?: (value: Kinds[K]) => string[] } = {
  list: (list) => [...list.values()],
  zset: (set) => set.slice(0, set.size).map(({ key }) => key),
  set: ({ members }) => members.values().map(({ value }) => byteStringOf(value)).toArray(),
};

/** The key to sort, and the one to store the result in. */
export const sortKeys: KeyPositions = {
  first: 1,
  last: 1,
  step: 1,
  find(words) {
    const at = words.findLastIndex((word, i) => i > 1 && word.toUpperCase() === "STORE");
    return at === -1 || at + 1 >= words.length ? [1] : [1, at + 1];
  },
};

/** The command. */
export function sort(client: Client, [key, ...rest]: readonly string[]): Reply {
  const options = sortOptions(rest);
  const elements = sorted(client, key, options);
  const results = elements.flatMap((element) =>
    options.gets.length === 0 ? [element] : options.gets.map((get) => lookUp(client, get, element))
  );
  if (options.store === undefined) return results.map((each) => each ?? null);
  return storeElements(client, options.store, results.map((each) => each ?? ""));
}

/** The command that only reads. */
export function sortRo(client: Client, args: readonly string[]): Reply {
  if (sortOptions(args.slice(1)).store !== undefined) throw SYNTAX_ERROR;
  return sort(client, args);
}

function sortOptions(words: readonly string[]): SortOptions {
  const options: SortOptions = { gets: [], isDescending: false, isAlpha: false };
  for (let i = 0; i < words.length; i++) {
    const name = words[i].toUpperCase();
    const left = words.length - 1 - i;
    if (name === "ASC") options.isDescending = false;
    else if (name === "DESC") options.isDescending = true;
    else if (name === "ALPHA") options.isAlpha = true;
    else if (name === "LIMIT" && left >= 2) {
      options.limit = [toInteger(words[++i]), toInteger(words[++i])];
    } else if (name === "STORE" && left >= 1) options.store = words[++i];
    else if (name === "BY" && left >= 1) options.by = words[++i];
    else if (name === "GET" && left >= 1) options.gets.push(words[++i]);
    else throw SYNTAX_ERROR;
  }
  return options;
}

function sorted(client: Client, key: string, options: SortOptions): string[] {
  const entry = client.db.findUsed(key);
  const elementsOf = entry && ELEMENTS[entry.kind] as ((value: unknown) => string[]) | undefined;
  if (entry !== undefined && elementsOf === undefined) throw WRONG_TYPE;
  const isUnsorted = options.by !== undefined && !options.by.includes("*");
  const elements = elementsOf?.(entry!.value) ?? [];
  if (isUnsorted && options.isDescending && entry?.kind !== "set") elements.reverse();
  // Elements of a set have no order of their own: what is stored, and what a script gets, has one.
  const isFixed = options.store !== undefined || client.isScript;
  const needsOrder = !isUnsorted || entry?.kind === "set" && isFixed;
  const by = isUnsorted ? undefined : options.by;
  const isAlpha = options.isAlpha || isUnsorted;
  const ordered = needsOrder ? order(client, elements, { ...options, by, isAlpha }) : elements;
  if (options.limit === undefined) return ordered;
  const [offset, count] = options.limit;
  const start = Math.max(0, offset);
  return ordered.slice(start, count < 0 ? undefined : start + count);
}

/** Sorts by weight, and elements of equal weight by their bytes. */
function order(client: Client, elements: readonly string[], options: SortOptions): string[] {
  const sign = options.isDescending ? -1 : 1;
  const weighed = elements.map((element) => {
    const text = options.by === undefined ? element : lookUp(client, options.by, element);
    return { element, weight: options.isAlpha ? rankOf(text) : weightOf(text) };
  });
  weighed.sort((a, b) => sign * (compare(a.weight, b.weight) || compare(a.element, b.element)));
  return weighed.map(({ element }) => element);
}

/** A key that does not exist comes before an empty string. */
function rankOf(text: string | undefined): string {
  return text === undefined ? "" : `=${text}`;
}

function weightOf(text: string | undefined): number {
  if (text === undefined || text === "") return 0;
  const weight = parseFloat64(text.trimStart());
  if (weight === undefined) throw err("One or more scores can't be converted into double");
  return weight;
}

function compare<T extends string | number>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** What a pattern stands for: the element for `#`, a string, or a field of a hash after `->`. */
function lookUp(client: Client, pattern: string, element: string): string | undefined {
  if (pattern === "#") return element;
  const star = pattern.indexOf("*");
  if (star === -1) return undefined;
  const arrow = pattern.indexOf("->", star);
  const hasField = arrow !== -1 && arrow + 2 < pattern.length;
  const name = hasField ? pattern.slice(0, arrow) : pattern;
  const key = name.slice(0, star) + element + name.slice(star + 1);
  const kind = client.db.find(key)?.kind;
  if (!hasField) return kind === "string" ? stringOf(client, key) : undefined;
  if (kind !== "hash") return undefined;
  const value = client.db.get(key, "hash")!.get(pattern.slice(arrow + 2));
  return value === undefined ? undefined : byteStringOf(value);
}
