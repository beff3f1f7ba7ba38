/**
 * Commands of lists.
 *
 * @module
 */

import { type ListEnd, ListValue } from "../../store/list_value.ts";
import type { Client } from "../engine/client.ts";
import { commandGroup, type CommandRow, ONE_KEY, row } from "../engine/command.ts";
import { INDEX_OUT_OF_RANGE, NO_SUCH_KEY, SYNTAX_ERROR } from "../engine/errors.ts";
import { OK, type Reply } from "../protocol/reply.ts";
import { PUSH_EVENTS } from "./list_end.ts";
import { LIST_MOVE_ROWS } from "./list_moves.ts";
import { LIST_POP_ROWS } from "./list_pops.ts";
import { lpos } from "./list_positions.ts";
import { toInteger } from "./numbers.ts";
import { intervalOf } from "./ranges.ts";

const ROWS: readonly CommandRow[] = [
  row("lindex", 3, "readonly", ONE_KEY, "1.0.0", "The element at an index.", lindex),
  row(
    "linsert",
    5,
    "write denyoom",
    ONE_KEY,
    "2.2.0",
    "Inserts an element before or after another one.",
    linsert,
  ),
  row("llen", 2, "readonly fast", ONE_KEY, "1.0.0", "The number of elements of a list.", llen),
  row("lpos", -3, "readonly", ONE_KEY, "6.0.6", "The indexes of equal elements.", lpos),
  row(
    "lpush",
    -3,
    "write denyoom fast",
    ONE_KEY,
    "1.0.0",
    "Adds elements at the begin of a list.",
    (client, args) => push(client, args, "left"),
  ),
  row(
    "lpushx",
    -3,
    "write denyoom fast",
    ONE_KEY,
    "2.2.0",
    "Adds elements at the begin of a list, if it exists.",
    (client, args) => pushExisting(client, args, "left"),
  ),
  row("lrange", 4, "readonly", ONE_KEY, "1.0.0", "A part of a list.", lrange),
  row("lrem", 4, "write", ONE_KEY, "1.0.0", "Removes equal elements of a list.", lrem),
  row("lset", 4, "write denyoom", ONE_KEY, "1.0.0", "Replaces the element at an index.", lset),
  row("ltrim", 4, "write", ONE_KEY, "1.0.0", "Removes all but a part of a list.", ltrim),
  row(
    "rpush",
    -3,
    "write denyoom fast",
    ONE_KEY,
    "1.0.0",
    "Adds elements at the end of a list.",
    (client, args) => push(client, args, "right"),
  ),
  row(
    "rpushx",
    -3,
    "write denyoom fast",
    ONE_KEY,
    "2.2.0",
    "Adds elements at the end of a list, if it exists.",
    (client, args) => pushExisting(client, args, "right"),
  ),
  ...LIST_MOVE_ROWS,
  ...LIST_POP_ROWS,
];

/** Commands of lists. */
export const LIST_COMMANDS = commandGroup("list", ROWS);

function push({ db }: Client, args: readonly string[], end: ListEnd): Reply {
  const list = db.collection(args[0], "list", () => new ListValue());
  for (let i = 1; i < args.length; i++) list.push(end, args[i]);
  db.changed(args[0], PUSH_EVENTS[end]);
  return list.size;
}

function pushExisting(client: Client, args: readonly string[], end: ListEnd): Reply {
  return client.db.entryOf(args[0], "list") === undefined ? 0 : push(client, args, end);
}

function llen({ db }: Client, [key]: readonly string[]): Reply {
  return db.get(key, "list")?.size ?? 0;
}

function lindex({ db }: Client, [key, index]: readonly string[]): Reply {
  const list = db.get(key, "list");
  return list === undefined ? null : list.at(indexOf(list, index)) ?? null;
}

/** The index that a word stands for, or one that no element has. */
function indexOf(list: ListValue, text: string): number {
  const index = toInteger(text);
  const fromStart = index < 0 ? index + list.size : index;
  return fromStart < 0 ? Infinity : fromStart;
}

function lset({ db }: Client, [key, index, element]: readonly string[]): Reply {
  const list = db.get(key, "list");
  if (list === undefined) throw NO_SUCH_KEY;
  const at = indexOf(list, index);
  if (at >= list.size) throw INDEX_OUT_OF_RANGE;
  list.set(at, element);
  db.changed(key, "lset");
  return OK;
}

function linsert({ db }: Client, [key, where, pivot, element]: readonly string[]): Reply {
  const side = where.toLowerCase();
  if (side !== "before" && side !== "after") throw SYNTAX_ERROR;
  const list = db.get(key, "list");
  if (list === undefined) return 0;
  const index = list.indexOf(pivot);
  if (index === -1) return -1;
  list.insert(side === "before" ? index : index + 1, element);
  db.changed(key, "linsert");
  return list.size;
}

function lrange({ db }: Client, [key, first, last]: readonly string[]): Reply {
  const bounds = [toInteger(first), toInteger(last)] as const;
  const list = db.get(key, "list");
  return list === undefined ? [] : list.slice(...intervalOf(...bounds, list.size));
}

function ltrim({ db }: Client, [key, first, last]: readonly string[]): Reply {
  const bounds = [toInteger(first), toInteger(last)] as const;
  const list = db.get(key, "list");
  if (list === undefined) return OK;
  list.keep(...intervalOf(...bounds, list.size));
  db.changed(key, "ltrim");
  return OK;
}

function lrem({ db }: Client, [key, count, element]: readonly string[]): Reply {
  const signed = toInteger(count);
  const list = db.get(key, "list");
  if (list === undefined) return 0;
  const most = signed === 0 ? Infinity : Math.abs(signed);
  const removed = list.removeEqual(element, most, signed < 0 ? "right" : "left");
  if (removed > 0) db.changed(key, "lrem");
  return removed;
}
