/**
 * Commands of positions.
 *
 * @module
 */

import fc from "fast-check";
import { all, many, maybe, one, template } from "../template.ts";
import { key as anyKey } from "../words.ts";

const key = one("a", "b", anyKey);
const member = fc.constantFrom("Palermo", "Catania", "Rome", "Suva", "Null", "x");
const longitude = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.constantFrom("13.361389", "15.087269", "12.49", "100.44", "0", "-70.5"),
  },
  { weight: 1, arbitrary: fc.constantFrom("181", "x", "", "inf") },
);
const latitude = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.constantFrom("38.115556", "37.502669", "41.9", "-18.14", "0", "85", "-85"),
  },
  { weight: 1, arbitrary: fc.constantFrom("86", "x", "-85.05112879") },
);
const position = all(longitude, latitude);
const unit = fc.constantFrom("m", "km", "ft", "mi", "KM", "x");
const radius = fc.constantFrom("0", "100", "1000", "2000", "200.5", "-1", "x");
/** Redis does not search all of what is large, or crosses the meridian of 180 degrees. */
const side = fc.constantFrom("0", "100", "1000", "2000.5", "-1", "x");
const from = one(all("FROMMEMBER", member), all("FROMLONLAT", position));
const area = one(all("BYRADIUS", radius, unit), all("BYBOX", side, side, unit));
const order = one("ASC", "DESC");
const shown = many(one("WITHDIST", "WITHHASH", "WITHCOORD"), 0, 2);
const count = maybe("COUNT", one("1", "2", "5", "0", "x"));
const store = maybe(one(all("STORE", key), all("STOREDIST", key)));

export const GEO = [
  template("GEOADD", [key, many(all(position, member), 1, 4)]),
  template("GEOADD", [key, many(all(position, member), 3, 6)]),
  template("GEOADD", [key, many(one("NX", "XX", "CH"), 0, 2), position, member]),
  template("GEODIST", [key, member, member, maybe(unit)]),
  template("GEOHASH", [key, many(member, 0, 3)]),
  template("GEOPOS", [key, many(member, 0, 3)]),
  template("GEOSEARCH", [key, from, area, order, shown, count]),
  template("GEOSEARCH", [key, from, area, shown], "unordered"),
  template("GEOSEARCH", [key, many(from, 0, 2), many(area, 0, 2), order, one("ANY", shown)]),
  template("GEOSEARCHSTORE", [key, key, from, area, order, maybe("STOREDIST"), count]),
  template("GEOSEARCHSTORE", [key, key, from, area, shown]),
  template("GEORADIUS", [key, position, radius, unit, order, shown, count]),
  template("GEORADIUS", [key, position, radius, unit, order, store]),
  template("GEORADIUS_RO", [key, position, radius, unit, order, shown, store]),
  template("GEORADIUSBYMEMBER", [key, member, radius, unit, order, shown, count]),
  template("GEORADIUSBYMEMBER", [key, member, radius, unit, order, store]),
  template("GEORADIUSBYMEMBER_RO", [key, member, radius, unit, order, shown]),
  template("ZCARD", [key]),
  template("ZREM", [key, member]),
  template("ZSCORE", [key, member]),
];
