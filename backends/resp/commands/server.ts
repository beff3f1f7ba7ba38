/**
 * Commands of the server as a whole.
 *
 * @module
 */

import type { Client } from "../engine/client.ts";
import { commandGroup, type CommandRow, NO_KEYS, row } from "../engine/command.ts";
import { err, SYNTAX_ERROR } from "../engine/errors.ts";
import { OK, type Reply } from "../protocol/reply.ts";
import { ACL_ROW, MODULE_ROW } from "./acl.ts";
import { COMMAND_ROW } from "./command.ts";
import { CONFIG_ROW } from "./config.ts";
import { DEBUG_ROW, LATENCY_ROW, MEMORY_ROW, SLOWLOG_ROW } from "./debug.ts";
import { info } from "./info.ts";
import { toInteger } from "./numbers.ts";

const ROWS: readonly CommandRow[] = [
  ACL_ROW,
  COMMAND_ROW,
  CONFIG_ROW,
  DEBUG_ROW,
  LATENCY_ROW,
  MEMORY_ROW,
  MODULE_ROW,
  SLOWLOG_ROW,
  row("info", -1, "loading stale", NO_KEYS, "1.0.0", "What is known of the server.", info),
  row(
    "lastsave",
    1,
    "loading stale fast",
    NO_KEYS,
    "1.0.0",
    "When the server was started: nothing is saved.",
    lastsave,
  ),
  row(
    "monitor",
    1,
    "admin noscript loading stale",
    NO_KEYS,
    "1.0.0",
    "Shows the commands of all clients.",
    monitor,
  ),
  row(
    "role",
    1,
    "noscript loading stale fast",
    NO_KEYS,
    "2.8.12",
    "That the server is a master without replicas.",
    () => ["master", 0, []],
  ),
  row("dbsize", 1, "readonly fast", NO_KEYS, "1.0.0", "The number of keys.", ({ db }) => db.size),
  row("flushall", -1, "write", NO_KEYS, "1.0.0", "Deletes the keys of all databases.", flushall),
  row("flushdb", -1, "write", NO_KEYS, "1.0.0", "Deletes all keys.", flushdb),
  row("swapdb", 3, "write fast", NO_KEYS, "4.0.0", "Exchanges two databases.", swapdb),
  row(
    "time",
    1,
    "loading stale fast",
    NO_KEYS,
    "2.6.0",
    "The time, in seconds and microseconds.",
    time,
  ),
];

/** Commands of the server. */
export const SERVER_COMMANDS = commandGroup("server", ROWS);

function checkFlush(args: readonly string[]): void {
  if (args.length > 1) throw SYNTAX_ERROR;
  if (args.length === 1 && !["SYNC", "ASYNC"].includes(args[0].toUpperCase())) throw SYNTAX_ERROR;
}

function flushdb({ db }: Client, args: readonly string[]): Reply {
  checkFlush(args);
  db.clear();
  return OK;
}

function flushall({ service }: Client, args: readonly string[]): Reply {
  checkFlush(args);
  service.store.databases.clear();
  return OK;
}

function swapdb({ service }: Client, [first, second]: readonly string[]): Reply {
  const { databases } = service.store;
  const numbers = [
    toInteger(first, err("invalid first DB index")),
    toInteger(second, err("invalid second DB index")),
  ];
  const [one, other] = numbers.map((number) => databases.get(number));
  if (one === undefined || other === undefined) throw err("DB index is out of range");
  if (one !== other) one.swapWith(other);
  return OK;
}

function time({ service }: Client): Reply {
  const microseconds = Math.floor(service.clock.now() * 1000);
  return [String(Math.floor(microseconds / 1e6)), String(microseconds % 1e6)];
}

function lastsave({ service }: Client): Reply {
  return Math.floor(service.startedAtMs / 1000);
}

function monitor(client: Client): Reply {
  if (client.isAtomic) throw err("MONITOR isn't allowed for DENY BLOCKING client");
  client.service.monitors.add(client);
  return OK;
}
