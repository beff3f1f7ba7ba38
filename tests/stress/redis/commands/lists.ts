/**
 * Commands of lists.
 *
 * @module
 */

import fc from "fast-check";
import { all, many, maybe, one, template } from "../template.ts";
import { integer, key, member, small, value } from "../words.ts";

const end = fc.constantFrom("LEFT", "RIGHT", "left", "x");
/** Seconds to wait: in a sequence nobody else brings what a call waits for. */
const timeout = fc.constantFrom("0.001", "0.002", "1e-3", "-1", "x");
const element = one(member, value);
const count = maybe("COUNT", one(small, integer));
const position = one(
  all("RANK", small),
  all("COUNT", small),
  all("MAXLEN", small),
  all("RANK", integer),
  "X",
);
const sortOption = one("ALPHA", "DESC", "ASC", all("LIMIT", small, small), all("BY", "nosort"));

export const LISTS = [
  template("LPUSH", [key, many(element)]),
  template("RPUSH", [key, many(element)]),
  template("RPUSH", [key, many(member, 5, 10)]),
  template("LPUSHX", [key, many(element)]),
  template("RPUSHX", [key, many(element)]),
  template("LPOP", [key, maybe(integer)]),
  template("RPOP", [key, maybe(integer)]),
  template("LLEN", [key]),
  template("LINDEX", [key, integer]),
  template("LINSERT", [key, one("BEFORE", "AFTER", "x"), member, element]),
  template("LRANGE", [key, integer, integer]),
  template("LRANGE", [key, "0", "-1"]),
  template("LREM", [key, integer, member]),
  template("LSET", [key, integer, element]),
  template("LTRIM", [key, small, small]),
  template("LTRIM", [key, integer, integer]),
  template("LPOS", [key, member, many(position, 0, 3)]),
  template("LMOVE", [key, key, end, end]),
  template("RPOPLPUSH", [key, key]),
  template("LMPOP", [small, many(key, 1, 3), end, count]),
  template("LMPOP", ["1", key, end, count]),
  template("BLPOP", [many(key, 1, 2), timeout]),
  template("BRPOP", [many(key, 1, 2), timeout]),
  template("BLMOVE", [key, key, end, end, timeout]),
  template("BRPOPLPUSH", [key, key, timeout]),
  template("BLMPOP", [timeout, "1", key, end, count]),
  template("BLMPOP", [timeout, small, many(key, 1, 2), end, count]),
  template("SORT", [key, many(sortOption, 0, 3)]),
  template("SORT", [key, many(sortOption, 0, 3), "STORE", key]),
  template("COPY", [key, key, maybe("REPLACE")]),
  template("RENAME", [key, key]),
  template("TYPE", [key]),
];
