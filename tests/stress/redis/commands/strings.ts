/**
 * Commands of strings and bits.
 *
 * @module
 */

import fc from "fast-check";
import { all, many, maybe, one, template } from "../template.ts";
import { epochMs, epochSeconds, float, integer, key, seconds, small, value } from "../words.ts";

const bit = fc.constantFrom("0", "1", "2");
const ms = fc.constantFrom("1000000", "2000000", "0", "-1", "x");
const offset = fc.constantFrom("0", "1", "7", "8", "15", "100", "1000", "-1", "4294967296", "x");
const type = fc.constantFrom("u8", "i8", "u1", "i5", "u16", "i64", "u63", "u64", "i65", "x8", "u0");
const place = fc.constantFrom("0", "1", "8", "#1", "#0", "#x", "-1", "100");
const fieldOperation = one(
  all("GET", type, place),
  all("SET", type, place, integer),
  all("INCRBY", type, place, integer),
  all("OVERFLOW", one("WRAP", "SAT", "FAIL", "X")),
);
const time = one(
  all("EX", seconds),
  all("PX", ms),
  all("EXAT", epochSeconds),
  all("PXAT", epochMs),
);
const setOption = one("NX", "XX", "GET", "KEEPTTL", time, "X");

export const STRINGS = [
  template("APPEND", [key, value]),
  template("DECR", [key]),
  template("DECRBY", [key, integer]),
  template("GET", [key]),
  template("GETDEL", [key]),
  template("GETEX", [key, maybe(one("PERSIST", time, "X"))]),
  template("GETRANGE", [key, integer, integer]),
  template("GETSET", [key, value]),
  template("INCR", [key]),
  template("INCRBY", [key, integer]),
  template("INCRBYFLOAT", [key, float]),
  template("LCS", [
    key,
    key,
    many(one("LEN", "IDX", "WITHMATCHLEN", all("MINMATCHLEN", small), "X"), 0, 3),
  ]),
  template("MGET", [many(key)]),
  template("MSET", [many(all(key, value), 1, 3)]),
  template("MSETNX", [many(all(key, value), 1, 3)]),
  template("PSETEX", [key, ms, value]),
  template("SET", [key, value]),
  template("SET", [key, value, many(setOption, 0, 3)]),
  template("SETEX", [key, seconds, value]),
  template("SETNX", [key, value]),
  template("SETRANGE", [key, offset, value]),
  template("STRLEN", [key]),
  template("SUBSTR", [key, small, small]),
  template("BITCOUNT", [key, maybe(small, small, maybe(one("BIT", "BYTE", "X")))]),
  template("BITPOS", [key, bit, maybe(small, maybe(small, maybe(one("BIT", "BYTE", "X"))))]),
  template("GETBIT", [key, offset]),
  template("SETBIT", [key, fc.constantFrom("0", "1", "7", "8", "15", "100", "-1", "x"), bit]),
  template("BITOP", [one("AND", "OR", "XOR", "NOT", "X"), key, many(key, 1, 3)]),
  template("BITFIELD", [key, many(fieldOperation, 0, 4)]),
  template("BITFIELD_RO", [key, many(fieldOperation, 0, 2)]),
];
