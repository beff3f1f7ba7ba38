/**
 * Commands of streams.
 *
 * @module
 */

import fc from "fast-check";
import { all, many, maybe, one, template } from "../template.ts";
import { integer, key as anyKey, small, value } from "../words.ts";

/** Mostly few, so that a stream gets entries and groups. */
const key = one("a", "a", "b", anyKey);

const LAST = "18446744073709551615";
const id = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.constantFrom("1-1", "2-1", "2-2", "3-0", "3", "4-7", "5-0", "6-1", "9-9"),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "0-0",
      "0",
      `${LAST}-${LAST}`,
      `8-${LAST}`,
      "x",
      "1-x",
      "-",
      "+",
      "",
    ),
  },
);
/** Ids that the server completes. That of the clock is different in each. */
const newId = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom("1-*", "2-*", "3-*", "5-*", "7-*", "9-*") },
  { weight: 4, arbitrary: id },
  { weight: 1, arbitrary: fc.constantFrom("0-*", `${LAST}-*`, "*-1", "x-*") },
);
const start = one(id, "-", id.map((text) => `(${text}`));
const end = one(id, "+", id.map((text) => `(${text}`));
const group = fc.constantFrom("g1", "g1", "g2");
const consumer = fc.constantFrom("c1", "c1", "c2");
const fields = many(all(one("f", "g"), value), 1, 3);
const trim = one(
  all("MAXLEN", maybe(one("~", "=")), one("0", "1", "2", "3", "5", "-1", "x")),
  all("MINID", maybe(one("~", "=")), id),
  all("LIMIT", one("0", "1", "10", "-1")),
);
const count = maybe("COUNT", one(small, integer));
const block = maybe("BLOCK", one("1", "2", "-1", "x"));
const claimOption = one(
  "FORCE",
  "JUSTID",
  all("IDLE", one("0", "1000", "-1", "x")),
  all("TIME", one("1000", "0", "-1", "x")),
  all("RETRYCOUNT", one("0", "5", "-1", "x")),
  all("LASTID", id),
  "X",
);
const minIdle = fc.constantFrom("0", "0", "1000000", "-1", "x");
const groupOption = one("MKSTREAM", all("ENTRIESREAD", one("0", "1", "-1", "3", "-2", "x")), "X");

export const STREAMS = [
  template("XADD", [key, newId, fields]),
  template("XADD", [key, newId, fields]),
  template("XADD", [key, newId, fields]),
  template("XADD", [key, many(one("NOMKSTREAM", trim), 0, 3), newId, fields]),
  template("XADD", [key, newId, "odd"]),
  template("XLEN", [key]),
  template("XDEL", [key, many(id)]),
  template("XTRIM", [key, many(trim, 1, 2)]),
  template("XRANGE", [key, start, end, count]),
  template("XRANGE", [key, "-", "+"]),
  template("XREVRANGE", [key, end, start, count]),
  template("XREAD", [count, "STREAMS", key, one(id, "$")]),
  template("XREAD", [count, block, "STREAMS", key, key, one(id, "0"), one(id, "$", ">")]),
  template("XREAD", [one("NOACK", all("GROUP", group, consumer)), "STREAMS", key, "0"]),
  template("XREAD", ["STREAMS", key, key, "0"]),
  template("XREADGROUP", ["GROUP", group, consumer, count, "STREAMS", key, ">"]),
  template("XREADGROUP", ["GROUP", group, consumer, count, "STREAMS", key, ">"]),
  template("XREADGROUP", ["GROUP", group, consumer, count, "STREAMS", key, one(id, "0")]),
  template("XREADGROUP", [
    "GROUP",
    group,
    consumer,
    many(one(all("COUNT", small), all("BLOCK", "1"), "NOACK"), 0, 2),
    "STREAMS",
    key,
    key,
    one(">", "0", "$"),
    one(">", "0"),
  ]),
  template("XREADGROUP", [one("COUNT", "GROUP"), "1", "x", "STREAMS", key, ">"]),
  template("XGROUP CREATE", [key, group, one(id, "$", "0", "0"), many(groupOption, 0, 2)]),
  template("XGROUP CREATE", [key, group, one("0", "$"), "MKSTREAM"]),
  template("XGROUP CREATE", [key, group, one("0", "$"), "MKSTREAM"]),
  template("XGROUP SETID", [key, group, one(id, "$"), many(groupOption, 0, 1)]),
  template("XGROUP DESTROY", [key, group]),
  template("XGROUP CREATECONSUMER", [key, group, consumer]),
  template("XGROUP DELCONSUMER", [key, group, consumer]),
  template("XACK", [key, group, many(id)]),
  template("XPENDING", [key, group]),
  template("XPENDING", [key, group, start, end, small, maybe(consumer)], "times"),
  template("XPENDING", [key, group, "-", "+", "10", maybe(consumer)], "times"),
  template(
    "XPENDING",
    [key, group, "IDLE", one("0", "1000000", "x"), start, end, small, maybe(consumer)],
    "times",
  ),
  template("XCLAIM", [key, group, consumer, minIdle, many(id), many(claimOption, 0, 3)]),
  template("XCLAIM", [key, group, consumer, "0", many(id), maybe("FORCE")]),
  template("XAUTOCLAIM", [key, group, consumer, minIdle, start, count, maybe("JUSTID")]),
  template("XAUTOCLAIM", [key, group, consumer, "0", "-", count]),
  template("XINFO STREAM", [key], "times"),
  template("XINFO STREAM", [key, "FULL"], "times"),
  template("XINFO STREAM", [key, maybe(one("FULL", "X"), maybe("COUNT", small))], "times"),
  template("XINFO GROUPS", [key], "times"),
  template("XINFO CONSUMERS", [key, group], "times"),
  template("XSETID", [
    key,
    id,
    many(one(all("ENTRIESADDED", small), all("MAXDELETEDID", id), "X"), 0, 2),
  ]),
  template("COPY", [key, key, maybe("REPLACE")]),
  template("RENAME", [key, key]),
  template("TYPE", [key]),
  template("DEL", [key]),
];
