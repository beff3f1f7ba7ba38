/**
 * Commands of sets.
 *
 * @module
 */

import { all, many, maybe, one, template } from "../template.ts";
import { integer, key, member, pattern, small } from "../words.ts";

export const SETS = [
  template("SADD", [key, many(member)]),
  template("SADD", [key, many(member)]),
  template("SREM", [key, many(member)]),
  template("SCARD", [key]),
  template("SISMEMBER", [key, member]),
  template("SMISMEMBER", [key, many(member)]),
  template("SMEMBERS", [key], "unordered"),
  template("SMOVE", [key, key, member]),
  template("SPOP", [key, one("100", "0", "-1", "x")], "unordered"),
  template("SRANDMEMBER", [key, maybe(integer)], "shape"),
  template("SDIFF", [many(key, 1, 3)], "unordered"),
  template("SINTER", [many(key, 1, 3)], "unordered"),
  template("SUNION", [many(key, 1, 3)], "unordered"),
  template("SDIFFSTORE", [key, many(key, 1, 3)]),
  template("SINTERSTORE", [key, many(key, 1, 3)]),
  template("SUNIONSTORE", [key, many(key, 1, 3)]),
  template("SINTERCARD", [small, many(key, 1, 3), maybe("LIMIT", small)]),
  template("SSCAN", [key, "0", maybe("MATCH", pattern), "COUNT", "1000"], "scan"),
  template(
    "SSCAN",
    [key, one("x", "0"), maybe(one("COUNT", all("COUNT", "0"), "NOVALUES"))],
    "scan",
  ),
];
