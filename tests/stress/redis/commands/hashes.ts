/**
 * Commands of hashes.
 *
 * @module
 */

import { all, many, maybe, one, template } from "../template.ts";
import { field, float, integer, key, pattern, value } from "../words.ts";

export const HASHES = [
  template("HSET", [key, many(all(field, value), 1, 3)]),
  template("HSET", [key, many(all(field, value), 1, 3)]),
  template("HMSET", [key, many(all(field, value), 1, 3)]),
  template("HSET", [key, field, value, field]),
  template("HSETNX", [key, field, value]),
  template("HDEL", [key, many(field)]),
  template("HEXISTS", [key, field]),
  template("HGET", [key, field]),
  template("HGETALL", [key], "pairs"),
  template("HINCRBY", [key, field, integer]),
  template("HINCRBYFLOAT", [key, field, float]),
  template("HKEYS", [key], "unordered"),
  template("HVALS", [key], "unordered"),
  template("HLEN", [key]),
  template("HMGET", [key, many(field)]),
  template("HSTRLEN", [key, field]),
  template("HRANDFIELD", [key, maybe(integer, maybe(one("WITHVALUES", "X")))], "shape"),
  template("HSCAN", [key, "0", maybe("MATCH", pattern), "COUNT", "1000"], "scan pairs"),
  template(
    "HSCAN",
    [key, one("x", "0"), maybe(one("COUNT", all("COUNT", "0"), all("TYPE", "x")))],
    "scan pairs",
  ),
];
