/**
 * Commands that find the members of a sorted set in an area.
 *
 * @module
 */

import { SortedSetValue } from "../../store/sorted_set_value.ts";
import type { Client } from "../engine/client.ts";
import { err, SYNTAX_ERROR } from "../engine/errors.ts";
import type { Reply } from "../protocol/reply.ts";
import {
  type Area,
  distanceReply,
  positionOf,
  positionReply,
  toBox,
  toCircle,
  toPosition,
} from "./geo_words.ts";
import { decodePosition, NUMBERS, type Position } from "./geohash.ts";
import { toInteger } from "./numbers.ts";
import { storeSortedSet } from "./sorted_set_store.ts";

const NO_MEMBER = err("could not decode requested zset member");

/** What a search is given, and what its command allows. */
interface Search {
  readonly set: SortedSetValue | undefined;
  /** Whether the words say around which middle, and how far. */
  readonly isGeneral: boolean;
  /** Where a result may be stored: by options, in the first key, or nowhere. */
  readonly storing: "options" | "first key" | "none";
  /** Undefined also for a member of a set that does not exist. */
  middle: Position | undefined;
  middleWord: "member" | "position" | undefined;
  area: Area | undefined;
  areaWord: "radius" | "box" | undefined;
  order: "asc" | "desc" | undefined;
  count: number;
  isAny: boolean;
  hasDistance: boolean;
  hasNumber: boolean;
  hasPosition: boolean;
  target: string | undefined;
  /** True to store distances as scores. */
  storesDistance: boolean;
}

function newSearch(
  set: SortedSetValue | undefined,
  options: Pick<Search, "isGeneral" | "storing"> & Partial<Search>,
): Search {
  return {
    set,
    middle: undefined,
    middleWord: undefined,
    area: undefined,
    areaWord: undefined,
    order: undefined,
    count: 0,
    isAny: false,
    hasDistance: false,
    hasNumber: false,
    hasPosition: false,
    target: undefined,
    storesDistance: false,
    ...options,
  };
}

/** `GEOSEARCH` */
export function geosearch(client: Client, [key, ...words]: readonly string[]): Reply {
  const search = newSearch(client.db.get(key, "zset"), { isGeneral: true, storing: "none" });
  return execute(client, search, words, "GEOSEARCH");
}

/** `GEOSEARCHSTORE` */
export function geosearchstore(client: Client, [target, key, ...words]: readonly string[]): Reply {
  const set = client.db.get(key, "zset");
  const search = newSearch(set, { isGeneral: true, storing: "first key", target });
  return execute(client, search, words, "GEOSEARCHSTORE");
}

/** `GEORADIUS`, and `GEORADIUS_RO`, which stores nothing. */
export function georadius(client: Client, args: readonly string[], isReader = false): Reply {
  const [key, longitude, latitude, radius, unit, ...words] = args;
  const set = client.db.get(key, "zset");
  const middle = toPosition(longitude, latitude);
  const area = toCircle(radius, unit);
  const storing = isReader ? "none" : "options";
  return execute(client, newSearch(set, { isGeneral: false, storing, middle, area }), words, "");
}

/** `GEORADIUSBYMEMBER`, and `GEORADIUSBYMEMBER_RO`, which stores nothing. */
export function georadiusbymember(
  client: Client,
  args: readonly string[],
  isReader = false,
): Reply {
  const [key, member, radius, unit, ...words] = args;
  const set = client.db.get(key, "zset");
  const storing = isReader ? "none" : "options";
  const search = newSearch(set, { isGeneral: false, storing });
  if (set !== undefined) {
    search.middle = middleAt(set, member);
    search.area = toCircle(radius, unit);
  }
  return execute(client, search, words, "");
}

function middleAt(set: SortedSetValue, member: string): Position {
  const position = positionOf(set, member);
  if (position === undefined) throw NO_MEMBER;
  return position;
}

function execute(client: Client, search: Search, words: readonly string[], name: string): Reply {
  for (let i = 0; i < words.length; i++) {
    const used = readFlag(search, words[i]) ? 0 : readOption(search, words.slice(i, i + 4));
    if (used === undefined) throw SYNTAX_ERROR;
    i += used;
  }
  check(search, name);
  const found = findAll(search);
  return search.target === undefined
    ? found.map((each) => foundReply(search, each))
    : store(client, search, search.target, found);
}

/** Reads an option of one word; false if it is none. */
function readFlag(search: Search, word: string): boolean {
  const name = word.toUpperCase();
  if (name === "WITHDIST") search.hasDistance = true;
  else if (name === "WITHHASH") search.hasNumber = true;
  else if (name === "WITHCOORD") search.hasPosition = true;
  else if (name === "ANY") search.isAny = true;
  else if (name === "ASC" || name === "DESC") search.order = name === "ASC" ? "asc" : "desc";
  else if (name === "STOREDIST" && search.storing === "first key") search.storesDistance = true;
  else return false;
  return true;
}

/** Reads an option with values; returns their number, or undefined if it is none. */
function readOption(search: Search, words: readonly string[]): number | undefined {
  const [name, ...values] = [words[0].toUpperCase(), ...words.slice(1)];
  const { isGeneral, storing } = search;
  if (name === "COUNT" && values.length >= 1) search.count = toSearchCount(values[0]);
  else if (
    (name === "STORE" || name === "STOREDIST") && storing === "options" && values.length > 0
  ) {
    search.target = values[0];
    search.storesDistance = name === "STOREDIST";
  } else return isGeneral ? readPlace(search, name, values) : undefined;
  return 1;
}

function toSearchCount(text: string): number {
  const count = toInteger(text);
  if (count <= 0) throw err("COUNT must be > 0");
  return count;
}

/** The middle and the area of a general search. */
function readPlace(search: Search, name: string, values: readonly string[]): number | undefined {
  const { set, middleWord, areaWord } = search;
  if (name === "FROMMEMBER" && values.length >= 1 && middleWord !== "position") {
    search.middleWord = "member";
    if (set !== undefined) search.middle = middleAt(set, values[0]);
    return 1;
  }
  if (name === "FROMLONLAT" && values.length >= 2 && middleWord !== "member") {
    search.middle = toPosition(values[0], values[1]);
    search.middleWord = "position";
    return 2;
  }
  if (name === "BYRADIUS" && values.length >= 2 && areaWord !== "box") {
    search.area = toCircle(values[0], values[1]);
    search.areaWord = "radius";
    return 2;
  }
  if (name === "BYBOX" && values.length >= 3 && areaWord !== "radius") {
    search.area = toBox(values[0], values[1], values[2]);
    search.areaWord = "box";
    return 3;
  }
  return undefined;
}

function check(search: Search, name: string): void {
  const { target, isGeneral, middleWord, areaWord, isAny, count } = search;
  if (target !== undefined && (search.hasDistance || search.hasNumber || search.hasPosition)) {
    const what = isGeneral ? "GEOSEARCHSTORE" : "STORE option in GEORADIUS";
    throw err(`${what} is not compatible with WITHDIST, WITHHASH and WITHCOORD options`);
  }
  if (isGeneral && middleWord === undefined) {
    throw err(`exactly one of FROMMEMBER or FROMLONLAT can be specified for ${name}`);
  }
  if (isGeneral && areaWord === undefined) {
    throw err(`exactly one of BYRADIUS and BYBOX can be specified for ${name}`);
  }
  if (isAny && count === 0) throw err("the ANY argument requires COUNT argument");
}

/** A member in the area. */
interface Found {
  readonly key: string;
  readonly score: number;
  readonly position: Position;
  readonly distance: number;
}

function findAll({ set, middle, area, order, count, isAny }: Search): Found[] {
  if (set === undefined || middle === undefined || area === undefined) return [];
  const found: Found[] = [];
  for (const { key, score } of set.slice(0, set.size)) {
    if (isAny && found.length === count) break;
    // No area has such a number, which only `ZADD` can have set.
    if (score < 0 || score >= NUMBERS) continue;
    const position = decodePosition(score);
    const distance = area.distanceTo(middle, position);
    if (distance !== undefined) found.push({ key, score, position, distance });
  }
  // Whoever wants some of them wants the nearest ones.
  const sorting = order ?? (count > 0 && !isAny ? "asc" : undefined);
  if (sorting === "asc") found.sort((a, b) => a.distance - b.distance);
  if (sorting === "desc") found.sort((a, b) => b.distance - a.distance);
  return count > 0 ? found.slice(0, count) : found;
}

function foundReply(search: Search, { key, score, position, distance }: Found): Reply {
  const { hasDistance, hasNumber, hasPosition, area } = search;
  if (!hasDistance && !hasNumber && !hasPosition) return key;
  const parts: Reply[] = [key];
  if (hasDistance) parts.push(distanceReply(distance, area!.unit));
  if (hasNumber) parts.push(score);
  if (hasPosition) parts.push(positionReply(position));
  return parts;
}

function store(
  client: Client,
  { storesDistance, area, isGeneral }: Search,
  target: string,
  found: readonly Found[],
): Reply {
  const members = found.map(({ key, score, distance }) => ({
    key,
    score: storesDistance ? distance / area!.unit : score,
  }));
  const event = isGeneral ? "geosearchstore" : "georadiusstore";
  return storeSortedSet(client, target, SortedSetValue.from(members), event);
}
