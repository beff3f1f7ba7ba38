/**
 * Commands that move an element from an end of a list to an end of another one.
 *
 * @module
 */

import { type ListEnd, ListValue } from "../../store/list_value.ts";
import type { Client } from "../engine/client.ts";
import { type CommandRow, row, TWO_KEYS } from "../engine/command.ts";
import { NULL_ARRAY, type Reply } from "../protocol/reply.ts";
import { awaited } from "./awaited.ts";
import { POP_EVENTS, PUSH_EVENTS, toListEnd } from "./list_end.ts";
import { toTimeoutMs } from "./timeouts.ts";

/** Rows of the table. */
export const LIST_MOVE_ROWS: readonly CommandRow[] = [
  row(
    "blmove",
    6,
    "write denyoom noscript blocking",
    TWO_KEYS,
    "6.2.0",
    "Moves an element to another list, or waits for one.",
    blmove,
  ),
  row(
    "brpoplpush",
    4,
    "write denyoom noscript blocking",
    TWO_KEYS,
    "2.2.0",
    "Moves the last element to the begin of another list, or waits for one.",
    (client, [from, to, timeout]) => blmove(client, [from, to, "right", "left", timeout]),
  ),
  row(
    "lmove",
    5,
    "write denyoom",
    TWO_KEYS,
    "6.2.0",
    "Moves an element to another list.",
    (client, args) => move(client, moveOf(args)),
  ),
  row(
    "rpoplpush",
    3,
    "write denyoom",
    TWO_KEYS,
    "1.2.0",
    "Moves the last element to the begin of another list.",
    (client, [from, to]) => move(client, moveOf([from, to, "right", "left"])),
  ),
];

/** What is moved, and where to. */
interface Move {
  readonly from: string;
  readonly to: string;
  readonly fromEnd: ListEnd;
  readonly toEnd: ListEnd;
}

function moveOf([from, to, fromEnd, toEnd]: readonly string[]): Move {
  return { from, to, fromEnd: toListEnd(fromEnd), toEnd: toListEnd(toEnd) };
}

function move(client: Client, { from, to, fromEnd, toEnd }: Move): Reply {
  const { db } = client;
  const list = awaited(client, from, "list");
  if (list === undefined) return null;
  // Throws if it is of another kind, before anything is changed.
  db.entryOf(to, "list");
  const element = list.pop(fromEnd);
  db.collection(to, "list", () => new ListValue()).push(toEnd, element);
  db.changed(to, PUSH_EVENTS[toEnd]);
  db.changed(from, POP_EVENTS[fromEnd]);
  return element;
}

function blmove(client: Client, args: readonly string[]): Reply {
  const call = moveOf(args);
  const timeoutMs = toTimeoutMs(client, args[4]);
  const reply = move(client, call);
  if (reply !== null) return reply;
  const onTimeout = client.isAtomic ? null : NULL_ARRAY;
  return client.block({ keys: [call.from], timeoutMs, onTimeout });
}
