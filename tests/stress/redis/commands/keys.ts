/**
 * Commands of keys of any kind, and of transactions.
 *
 * @module
 */

import fc from "fast-check";
import { all, many, maybe, one, template } from "../template.ts";
import { epochMs, epochSeconds, key, pattern, seconds, small } from "../words.ts";

const condition = many(one("NX", "XX", "GT", "LT", "X"), 0, 2);
const db = fc.constantFrom("0", "1", "16", "-1", "x");

const sortOption = one(
  "ASC",
  "DESC",
  all("LIMIT", small, small),
  all("GET", one("#", "*", "a*", "*->f1", "x")),
  "X",
);

export const KEYS = [
  template("COPY", [key, key, maybe("DB", db), maybe("REPLACE")]),
  template("DEL", [many(key)]),
  template("EXISTS", [many(key)]),
  template("KEYS", [pattern], "unordered"),
  template("MOVE", [key, db]),
  template("RANDOMKEY", [], "shape"),
  template("RENAME", [key, key]),
  template("RENAMENX", [key, key]),
  template("TOUCH", [many(key)]),
  template("TYPE", [key]),
  template("UNLINK", [many(key)]),
  // Redis counts keys that have expired until it removes them.
  template("DBSIZE", [], "shape"),
  template("EXPIRE", [key, seconds, condition]),
  template("PEXPIRE", [key, fc.constantFrom("1000000", "2000000", "-1", "0", "x"), condition]),
  template("EXPIREAT", [key, epochSeconds, condition]),
  template("PEXPIREAT", [key, epochMs, condition]),
  template("PERSIST", [key]),
  template("TTL", [key], "near"),
  template("PTTL", [key], "near"),
  template("EXPIRETIME", [key], "near"),
  template("PEXPIRETIME", [key], "near"),
  template("OBJECT REFCOUNT", [key], "shape"),
  template("OBJECT FREQ", [key]),
  template("SORT", [key, many(one(sortOption, all("BY", "*->f1")), 0, 4)]),
  template("SORT", [key, many(one(sortOption, "ALPHA"), 0, 4)]),
  template("SORT", [key, "BY", "nosort", maybe("GET", "a*")], "unordered"),
  template("SCAN", [
    "0",
    maybe("MATCH", pattern),
    "COUNT",
    "1000",
    maybe("TYPE", one("string", "hash", "x")),
  ], "scan"),
  template("SCAN", [one("x", "+", ""), maybe("COUNT", one("0", "-1", "x", "100"))], "scan"),
  template("SELECT", [fc.constantFrom("0", "0", "0", "1", "16", "x")]),
  template("SWAPDB", ["0", db]),
  template("FLUSHDB", [maybe(one("SYNC", "ASYNC", "X"))]),
  template("MULTI", []),
  template("MULTI", []),
  template("EXEC", []),
  template("EXEC", []),
  template("EXEC", []),
  template("DISCARD", []),
  template("WATCH", [many(key, 1, 2)]),
  template("UNWATCH", []),
  template("PING", [maybe(key)]),
  template("ECHO", [key]),
  template("FOO", [many(key, 0, 3)]),
  template("OBJECT", [one("FOO", "HELP2"), key]),
];
