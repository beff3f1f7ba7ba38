/**
 * A look for keys of other programs among those of a queue.
 *
 * @module
 */

import type { Connection, Reply } from "../../redis/connection.ts";
import { escapeGlob } from "./partitions.ts";

/** Keys that are checked: enough to meet another program that uses the prefix. */
const MOST_KEYS = 1000;
/** Keys that one command looks at. */
const SCAN_COUNT = 250;

const TYPES: Readonly<Record<string, readonly string[]>> = {
  string: [
    "seq",
    "partitions",
    "touch",
    "unnotified",
    "lost",
    "missed:",
    "gone:",
    "op:",
    "backlog:",
    "unique:",
    "result:",
    "paused:",
    "rate:",
    "version",
    "indexed",
  ],
  zset: [
    "channels",
    "broadcasts",
    "expiry",
    "due",
    "delayed",
    "delayed:",
    "later:",
    "line:",
    "died:",
    "agents:",
    "consumers:",
    "schedules",
    "source:",
    "target:",
    "pending:",
    "ready:",
    "leased:",
    "dead:",
    "done:",
    "heard:",
    "lapsed:",
  ],
  set: ["subs:"],
  hash: ["msg:", "keyed:", "counts:", "schedule:"],
  stream: ["stream:"],
};

/** Some keys with the prefix of a partition that no queue has written. */
export async function foreignKeys(connection: Connection, prefix: string): Promise<string[]> {
  const keys = await someKeys(connection, `${escapeGlob(prefix)}:*`);
  const areOwn = await Promise.all(keys.map((key) => isOwn(connection, key, prefix)));
  return keys.filter((_, i) => !areOwn[i]);
}

async function someKeys(connection: Connection, pattern: string): Promise<string[]> {
  const found = new Set<string>();
  let cursor = "0";
  for (let checked = 0; checked < MOST_KEYS; checked += SCAN_COUNT) {
    const command = ["SCAN", cursor, "MATCH", pattern, "COUNT", String(SCAN_COUNT)];
    const [next, keys] = await connection.send(command) as [string, string[]];
    for (const key of keys) found.add(key);
    cursor = next;
    if (cursor === "0") break;
  }
  return [...found];
}

async function isOwn(connection: Connection, key: string, prefix: string): Promise<boolean> {
  const type = await connection.send(["TYPE", key]);
  // It may have expired since.
  if (type === "none") return true;
  const name = key.slice(prefix.length + 1);
  if (!isNameOf(type, name)) return false;
  return !name.startsWith("msg:") || await connection.send(["HEXISTS", key, "m"]) !== 0 ||
    await connection.send(["EXISTS", key]) === 0;
}

function isNameOf(type: Reply, name: string): boolean {
  const names = TYPES[String(type)] ?? [];
  return names.some((known) => known.endsWith(":") ? name.startsWith(known) : name === known);
}
