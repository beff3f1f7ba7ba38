/**
 * Commands of HyperLogLogs.
 *
 * @module
 */

import fc from "fast-check";
import { many, one, template } from "../template.ts";
import { member, value } from "../words.ts";

/** Keys that no other commands use: their bytes differ from those of Redis. */
const key = fc.constantFrom("hll 1", "hll 2", "hll 3");

const element = one(
  member,
  value,
  fc.string({ maxLength: 30, unit: "binary-ascii" }),
  fc.integer().map(String),
);

export const HYPERLOGLOGS = [
  template("PFADD", [key, many(element, 0, 5)]),
  template("PFADD", [key, many(element, 5, 40)]),
  template("PFCOUNT", [key]),
  template("PFCOUNT", [many(key, 2, 3)]),
  template("PFMERGE", [key, many(key, 0, 3)]),
  template("SET", [key, one("x", "HYLL", `HYLL\x00${"x".repeat(20)}`)]),
  template("LPUSH", [key, "x"]),
  template("DEL", [key]),
];
