/**
 * Commands of sorted sets.
 *
 * @module
 */

import fc from "fast-check";
import { all, many, maybe, one, template } from "../template.ts";
import { integer, key, member, pattern, small } from "../words.ts";

const score = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.constantFrom(
      "0",
      "1",
      "2",
      "3",
      "1.5",
      "-2.25",
      "1e3",
      "100000.7",
      "-1",
      "0.1",
      "1.5e-7",
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom("inf", "-inf", "+inf", "x", "", "nan", " 1", "-0", ".5"),
  },
);
const bound = one(
  score,
  score.map((text) => `(${text}`),
  "-inf",
  "+inf",
  "(",
);
const lexBound = one(
  "-",
  "+",
  member.map((text) => `[${text}`),
  member.map((text) => `(${text}`),
  "x",
  "",
);
/** Ranges by bytes are for members with equal scores, which these keys have. */
const lexKey = one("lex 1", "lex 2");
const limit = maybe("LIMIT", small, small);
const withScores = maybe("WITHSCORES");
const addOptions = many(one("NX", "XX", "GT", "LT", "CH", "INCR", "nx"), 0, 3);
const weights = one(
  all("WEIGHTS", score, score),
  all("WEIGHTS", score),
  all("AGGREGATE", one("SUM", "MIN", "MAX", "x")),
);
const side = one("MIN", "MAX", "min", "x");
const timeout = fc.constantFrom("0.001", "0.002", "-1", "x");
const count = maybe("COUNT", one(small, integer));
const pairs = many(all(score, member), 1, 4);
const rangeOptions = many(
  one("REV", "BYSCORE", "BYLEX", "WITHSCORES", all("LIMIT", small, small)),
  0,
  3,
);

export const SORTED_SETS = [
  template("ZADD", [key, pairs]),
  template("ZADD", [key, pairs]),
  template("ZADD", [lexKey, many(member.map((text) => ["0", text]), 2, 5)]),
  template("ZADD", [key, addOptions, pairs]),
  template("ZADD", [key, addOptions, score, member]),
  template("SADD", [key, many(member)]),
  template("ZINCRBY", [key, score, member]),
  template("ZINCRBY", [key, one("NX", "inf", "-inf"), member]),
  template("ZCARD", [key]),
  template("ZSCORE", [key, member]),
  template("ZMSCORE", [key, many(member)]),
  template("ZRANK", [key, member]),
  template("ZREVRANK", [key, member]),
  template("ZREM", [key, many(member)]),
  template("ZCOUNT", [key, bound, bound]),
  template("ZLEXCOUNT", [lexKey, lexBound, lexBound]),
  template("ZRANGE", [key, small, small, withScores]),
  template("ZRANGE", [key, "0", "-1", withScores]),
  template("ZRANGE", [key, integer, integer, rangeOptions]),
  template("ZRANGE", [key, bound, bound, "BYSCORE", rangeOptions]),
  template("ZRANGE", [lexKey, lexBound, lexBound, "BYLEX", rangeOptions]),
  template("ZRANGEBYSCORE", [key, bound, bound, withScores, limit]),
  template("ZREVRANGEBYSCORE", [key, bound, bound, withScores, limit]),
  template("ZRANGEBYLEX", [lexKey, lexBound, lexBound, limit]),
  template("ZREVRANGEBYLEX", [lexKey, lexBound, lexBound, limit]),
  template("ZREVRANGE", [key, small, small, withScores]),
  template("ZRANGESTORE", [key, key, integer, integer, rangeOptions]),
  template("ZRANGESTORE", [key, key, bound, bound, "BYSCORE", rangeOptions]),
  template("ZREMRANGEBYRANK", [key, small, small]),
  template("ZREMRANGEBYSCORE", [key, bound, bound]),
  template("ZREMRANGEBYLEX", [lexKey, lexBound, lexBound]),
  template("ZPOPMIN", [key, maybe(integer)]),
  template("ZPOPMAX", [key, maybe(integer)]),
  template("ZMPOP", [small, many(key, 1, 3), side, count]),
  template("ZMPOP", ["1", key, side, count]),
  template("BZPOPMIN", [many(key, 1, 2), timeout]),
  template("BZPOPMAX", [many(key, 1, 2), timeout]),
  template("BZMPOP", [timeout, "1", key, side, count]),
  template("BZMPOP", [timeout, small, many(key, 1, 2), side, count]),
  template("ZUNION", ["2", key, key, many(weights, 0, 2), withScores]),
  template("ZINTER", ["2", key, key, many(weights, 0, 2), withScores]),
  template("ZDIFF", ["2", key, key, withScores]),
  template("ZUNION", [integer, many(key, 1, 3), many(weights, 0, 2), withScores]),
  template("ZINTER", [integer, many(key, 1, 3), many(weights, 0, 2), withScores]),
  template("ZDIFF", [integer, many(key, 1, 3), withScores]),
  template("ZUNIONSTORE", [key, "2", key, key, many(weights, 0, 2)]),
  template("ZINTERSTORE", [key, "2", key, key, many(weights, 0, 2)]),
  template("ZDIFFSTORE", [key, integer, many(key, 1, 2)]),
  template("ZUNIONSTORE", [key, integer, many(key, 1, 2), withScores]),
  template("ZINTERCARD", [small, many(key, 1, 3), maybe("LIMIT", small)]),
  template("ZRANDMEMBER", [key, maybe(integer, maybe(one("WITHSCORES", "X")))], "shape"),
  template("ZSCAN", [key, "0", maybe("MATCH", pattern), "COUNT", "1000"], "scan pairs"),
  template("ZSCAN", [key, one("x", "0"), maybe(one("COUNT", "NOVALUES"))], "scan pairs"),
  template("SORT", [key, many(one("ALPHA", "DESC", all("LIMIT", small, small)), 0, 3)]),
  template("SORT", [lexKey, "BY", "nosort", many(one("DESC", all("LIMIT", small, small)), 0, 2)]),
  template("SORT", [key, "ALPHA", "STORE", key]),
  template("COPY", [key, key, maybe("REPLACE")]),
  template("RENAME", [key, key]),
  template("TYPE", [key]),
  template("DEL", [key]),
];
