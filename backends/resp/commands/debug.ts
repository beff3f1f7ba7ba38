/**
 * `DEBUG`, `MEMORY`, `LATENCY` and `SLOWLOG`: for tests, and for clients that look at the server.
 *
 * @module
 */

import type { Client } from "../engine/client.ts";
import { type CommandRow, NO_KEYS, ONE_KEY, row } from "../engine/command.ts";
import { err, NO_SUCH_KEY, SYNTAX_ERROR, wrongArity } from "../engine/errors.ts";
import { MapReply, OK, type Reply, Status } from "../protocol/reply.ts";
import { helpRow } from "./help.ts";
import { toFloat, toInteger } from "./numbers.ts";

const ADMIN = "admin noscript loading stale";
const SECOND_KEY = { ...ONE_KEY, first: 2, last: 2 };

/** `DEBUG` */
export const DEBUG_ROW: CommandRow = row(
  "debug",
  -2,
  ADMIN,
  NO_KEYS,
  "1.0.0",
  "SLEEP, SET-ACTIVE-EXPIRE, OBJECT and STRINGMATCH-LEN for tests.",
  debug,
);

/** Milliseconds of a sleep are those of the store's clock. */
function debug(client: Client, [name, ...args]: readonly string[]): Reply {
  switch (name.toUpperCase()) {
    case "SLEEP":
      return client.block({ keys: [], timeoutMs: toFloat(args[0] ?? "") * 1000, onTimeout: OK });
    case "SET-ACTIVE-EXPIRE":
    case "QUICKLIST-PACKED-THRESHOLD":
    case "JMAP":
      return OK;
    case "OBJECT":
      return object(client, args[0] ?? "");
    default:
      throw err(`unknown subcommand '${name}'. Try DEBUG HELP.`);
  }
}

function object({ db }: Client, key: string): Reply {
  const entry = db.find(key);
  if (entry === undefined) throw NO_SUCH_KEY;
  return new Status(
    `Value at:0x0 refcount:1 encoding:${entry.kind} serializedlength:${entry.bytes} lru:0 lru_seconds_idle:0`,
  );
}

/** `MEMORY` */
export const MEMORY_ROW: CommandRow = {
  ...row("memory", -2, "", NO_KEYS, "4.0.0", "Memory.", () => wrongArity("memory")),
  subcommands: [
    row(
      "memory|doctor",
      2,
      "",
      NO_KEYS,
      "4.0.0",
      "That there is nothing to say.",
      () => "This server reports no memory problems.",
    ),
    helpRow("memory|help", "4.0.0", () => MEMORY_ROW),
    row(
      "memory|malloc-stats",
      2,
      "",
      NO_KEYS,
      "4.0.0",
      "That there are no such figures.",
      () => "Stats not supported for the current allocator",
    ),
    row("memory|purge", 2, "", NO_KEYS, "4.0.0", "Does nothing.", () => OK),
    row("memory|stats", 2, "", NO_KEYS, "4.0.0", "Bytes in use.", stats),
    row(
      "memory|usage",
      -3,
      "readonly",
      SECOND_KEY,
      "4.0.0",
      "Approximate bytes of a key and its value.",
      usage,
    ),
  ],
};

function stats({ service: { store, clients } }: Client): Reply {
  const total = Math.round(store.usedBytes);
  return new MapReply([
    "peak.allocated",
    total,
    "total.allocated",
    total,
    "clients.normal",
    clients.size,
    "keys.count",
    store.databases.size,
    "dataset.bytes",
    total,
  ]);
}

function usage({ db }: Client, [key, ...rest]: readonly string[]): Reply {
  for (let i = 0; i < rest.length; i += 2) {
    if (rest[i].toUpperCase() !== "SAMPLES" || i + 1 >= rest.length) throw SYNTAX_ERROR;
    if (toInteger(rest[i + 1]) < 0) throw SYNTAX_ERROR;
  }
  return db.find(key)?.bytes ?? null;
}

/** `LATENCY` */
export const LATENCY_ROW: CommandRow = {
  ...row(
    "latency",
    -2,
    "",
    NO_KEYS,
    "2.8.13",
    "Latency, which is not recorded.",
    () => wrongArity("latency"),
  ),
  subcommands: [
    row(
      "latency|doctor",
      2,
      ADMIN,
      NO_KEYS,
      "2.8.13",
      "That nothing is recorded.",
      () => "Latency is not recorded by this server.",
    ),
    helpRow("latency|help", "2.8.13", () => LATENCY_ROW),
    row("latency|histogram", -2, ADMIN, NO_KEYS, "7.0.0", "No figures.", () => new MapReply([])),
    row("latency|history", 3, ADMIN, NO_KEYS, "2.8.13", "No events.", () => []),
    row("latency|latest", 2, ADMIN, NO_KEYS, "2.8.13", "No events.", () => []),
    row("latency|reset", -2, ADMIN, NO_KEYS, "2.8.13", "Forgets events; there are none.", () => 0),
  ],
};

/** `SLOWLOG` */
export const SLOWLOG_ROW: CommandRow = {
  ...row(
    "slowlog",
    -2,
    "",
    NO_KEYS,
    "2.2.12",
    "Commands that took long.",
    () => wrongArity("slowlog"),
  ),
  subcommands: [
    row(
      "slowlog|get",
      -2,
      "admin loading stale",
      NO_KEYS,
      "2.2.12",
      "The latest of them.",
      slowCalls,
    ),
    helpRow("slowlog|help", "6.2.0", () => SLOWLOG_ROW),
    row(
      "slowlog|len",
      2,
      "admin loading stale",
      NO_KEYS,
      "2.2.12",
      "Their number.",
      ({ service }) => service.slowlog.calls.length,
    ),
    row("slowlog|reset", 2, "admin loading stale", NO_KEYS, "2.2.12", "Forgets them.", forget),
  ],
};

function slowCalls({ service }: Client, [count = "10"]: readonly string[]): Reply {
  const wanted = toInteger(count);
  if (wanted < -1) throw err("count should be greater than or equal to -1");
  const calls = wanted === -1 ? service.slowlog.calls : service.slowlog.calls.slice(0, wanted);
  return calls.map(({ id, atMs, microseconds, words, address, clientName }) => [
    id,
    Math.floor(atMs / 1000),
    microseconds,
    words,
    address,
    clientName,
  ]);
}

function forget({ service }: Client): Reply {
  service.slowlog.clear();
  return OK;
}
