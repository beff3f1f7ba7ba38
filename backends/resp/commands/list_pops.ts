/**
 * Commands that remove elements at the ends of lists, and wait for some if there are none.
 *
 * @module
 */

import type { ListEnd } from "../../store/list_value.ts";
import type { Client } from "../engine/client.ts";
import { ALL_BUT_LAST, type CommandRow, countedKeys, ONE_KEY, row } from "../engine/command.ts";
import { wrongArity } from "../engine/errors.ts";
import { NULL_ARRAY, type Reply } from "../protocol/reply.ts";
import { awaited } from "./awaited.ts";
import { popFrom, toListEnd } from "./list_end.ts";
import { type ManyPops, manyPops } from "./many_pops.ts";
import { toCount } from "./ranges.ts";
import { toTimeoutMs } from "./timeouts.ts";

/** Rows of the table. */
export const LIST_POP_ROWS: readonly CommandRow[] = [
  row(
    "blmpop",
    -5,
    "write blocking movablekeys",
    countedKeys(2),
    "7.0.0",
    "Removes elements of the first list that has some, or waits.",
    blmpop,
  ),
  row(
    "blpop",
    -3,
    "write noscript blocking",
    ALL_BUT_LAST,
    "2.0.0",
    "Removes the first element of the first list that has one, or waits.",
    (client, args) => blockingPop(client, args, "left"),
  ),
  row(
    "brpop",
    -3,
    "write noscript blocking",
    ALL_BUT_LAST,
    "2.0.0",
    "Removes the last element of the first list that has one, or waits.",
    (client, args) => blockingPop(client, args, "right"),
  ),
  row(
    "lmpop",
    -4,
    "write movablekeys",
    countedKeys(1),
    "7.0.0",
    "Removes elements of the first list that has some.",
    (client, args) => popMany(client, manyPops(args, toListEnd)) ?? NULL_ARRAY,
  ),
  row(
    "lpop",
    -2,
    "write fast",
    ONE_KEY,
    "1.0.0",
    "Removes the first elements of a list.",
    (client, args) => pop(client, args, "left"),
  ),
  row(
    "rpop",
    -2,
    "write fast",
    ONE_KEY,
    "1.0.0",
    "Removes the last elements of a list.",
    (client, args) => pop(client, args, "right"),
  ),
];

function pop(client: Client, [key, count, ...rest]: readonly string[], end: ListEnd): Reply {
  if (rest.length > 0) throw wrongArity(end === "left" ? "lpop" : "rpop");
  const most = count === undefined ? 1 : toCount(count);
  const list = client.db.get(key, "list");
  if (list === undefined) return count === undefined ? null : NULL_ARRAY;
  if (most === 0) return [];
  const elements = popFrom(client, key, list, end, most);
  return count === undefined ? elements[0] : elements;
}

function blockingPop(client: Client, args: readonly string[], end: ListEnd): Reply {
  const keys = args.slice(0, -1);
  const timeoutMs = toTimeoutMs(client, args.at(-1)!);
  for (const key of keys) {
    const list = awaited(client, key, "list");
    if (list !== undefined) return [key, popFrom(client, key, list, end, 1)[0]];
  }
  return client.block({ keys, timeoutMs, onTimeout: NULL_ARRAY });
}

/** Elements of the first list that has some; undefined if there is none. */
function popMany(client: Client, { keys, where, count }: ManyPops<ListEnd>): Reply | undefined {
  for (const key of keys) {
    const list = awaited(client, key, "list");
    if (list !== undefined) return [key, popFrom(client, key, list, where, count)];
  }
  return undefined;
}

function blmpop(client: Client, [timeout, ...rest]: readonly string[]): Reply {
  const call = manyPops(rest, toListEnd);
  const timeoutMs = toTimeoutMs(client, timeout);
  return popMany(client, call) ??
    client.block({ keys: call.keys, timeoutMs, onTimeout: NULL_ARRAY });
}
