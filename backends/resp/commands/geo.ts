/**
 * Commands of positions on the earth, which are the scores of sorted sets.
 *
 * @module
 */

import type { Client } from "../engine/client.ts";
import { commandGroup, type CommandRow, ONE_KEY, row, TWO_KEYS } from "../engine/command.ts";
import type { KeyPositions } from "../engine/command_info.ts";
import { SYNTAX_ERROR } from "../engine/errors.ts";
import { NULL_ARRAY, type Reply } from "../protocol/reply.ts";
import { georadius, georadiusbymember, geosearch, geosearchstore } from "./geo_search.ts";
import { distanceReply, positionOf, positionReply, toPosition, toUnit } from "./geo_words.ts";
import { decodePosition, distanceBetween, encodePosition, geohashText } from "./geohash.ts";
import { zadd } from "./sorted_set_add.ts";

/** The key to search, and the one to store the result in. `from` is the place of the first option. */
function radiusKeys(from: number): KeyPositions {
  const find = (words: readonly string[]) => {
    const at = words.findLastIndex((word, i) => i >= from && /^store(?:dist)?$/i.test(word));
    return at === -1 || at + 1 >= words.length ? [1] : [1, at + 1];
  };
  return { first: 1, last: 1, step: 1, find };
}

const ROWS: readonly CommandRow[] = [
  row("geoadd", -5, "write denyoom", ONE_KEY, "3.2.0", "Adds members with positions.", geoadd),
  row("geodist", -4, "readonly", ONE_KEY, "3.2.0", "The distance between two members.", geodist),
  row("geohash", -2, "readonly", ONE_KEY, "3.2.0", "The geohashes of members.", geohash),
  row("geopos", -2, "readonly", ONE_KEY, "3.2.0", "The positions of members.", geopos),
  row(
    "georadius",
    -6,
    "write denyoom movablekeys",
    radiusKeys(6),
    "3.2.0",
    "The members within a distance from a position.",
    (client, args) => georadius(client, args),
  ),
  row(
    "georadius_ro",
    -6,
    "readonly",
    ONE_KEY,
    "3.2.10",
    "The same without a key to store the result in.",
    (client, args) => georadius(client, args, true),
  ),
  row(
    "georadiusbymember",
    -5,
    "write denyoom movablekeys",
    radiusKeys(5),
    "3.2.0",
    "The members within a distance from one of them.",
    (client, args) => georadiusbymember(client, args),
  ),
  row(
    "georadiusbymember_ro",
    -5,
    "readonly",
    ONE_KEY,
    "3.2.10",
    "The same without a key to store the result in.",
    (client, args) => georadiusbymember(client, args, true),
  ),
  row("geosearch", -7, "readonly", ONE_KEY, "6.2.0", "The members in an area.", geosearch),
  row(
    "geosearchstore",
    -8,
    "write denyoom",
    TWO_KEYS,
    "6.2.0",
    "Stores the members in an area.",
    geosearchstore,
  ),
];

/** Commands of positions. */
export const GEO_COMMANDS = commandGroup("geo", ROWS);

const ADD_OPTION = /^(?:nx|xx|ch)$/i;

/** Positions become scores, and `ZADD` does the rest. */
function geoadd(client: Client, [key, ...words]: readonly string[]): Reply {
  const optionCount = words.findIndex((word) => !ADD_OPTION.test(word));
  const options = words.slice(0, optionCount === -1 ? words.length : optionCount);
  const rest = words.slice(options.length);
  const names = options.map((option) => option.toLowerCase());
  if (rest.length % 3 !== 0 || names.includes("nx") && names.includes("xx")) throw SYNTAX_ERROR;
  const pairs: string[] = [];
  for (let i = 0; i < rest.length; i += 3) {
    pairs.push(String(encodePosition(toPosition(rest[i], rest[i + 1]))), rest[i + 2]);
  }
  return zadd(client, [key, ...options, ...pairs]);
}

function geodist({ db }: Client, [key, one, other, unit = "m", ...more]: readonly string[]): Reply {
  if (more.length > 0) throw SYNTAX_ERROR;
  const meters = toUnit(unit);
  const set = db.get(key, "zset");
  const [from, to] = [one, other].map((member) => set && positionOf(set, member));
  if (from === undefined || to === undefined) return null;
  return distanceReply(distanceBetween(from, to), meters);
}

function geohash({ db }: Client, [key, ...members]: readonly string[]): Reply {
  const set = db.get(key, "zset");
  return members.map((member) => {
    const score = set?.score(member);
    return score === undefined ? null : geohashText(decodePosition(score));
  });
}

function geopos({ db }: Client, [key, ...members]: readonly string[]): Reply {
  const set = db.get(key, "zset");
  return members.map((member) => {
    const position = set && positionOf(set, member);
    return position === undefined ? NULL_ARRAY : positionReply(position);
  });
}
