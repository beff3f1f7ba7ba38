/**
 * Commands of HyperLogLogs, which count different elements without keeping them. They are strings.
 *
 * @module
 */

import type { Client } from "../engine/client.ts";
import { ALL_KEYS, commandGroup, ONE_KEY, row } from "../engine/command.ts";
import { OK, type Reply } from "../protocol/reply.ts";
import { HllRegisters } from "./hll_registers.ts";
import { bytesFor, storeBytes } from "./values.ts";

/** Commands of HyperLogLogs. */
export const HYPERLOGLOG_COMMANDS = commandGroup("hyperloglog", [
  row("pfadd", -2, "write denyoom fast", ONE_KEY, "2.8.9", "Adds elements.", pfadd),
  row(
    "pfcount",
    -2,
    "readonly",
    ALL_KEYS,
    "2.8.9",
    "About how many different elements were added.",
    pfcount,
  ),
  row("pfmerge", -2, "write denyoom", ALL_KEYS, "2.8.9", "Stores the union of several.", pfmerge),
]);

/** The HyperLogLog of a key, or undefined. */
function registersOf({ db }: Client, key: string): HllRegisters | undefined {
  const value = db.get(key, "string");
  return value === undefined ? undefined : HllRegisters.from(bytesFor(value, 0));
}

/** One that is changed. */
function registersFor(client: Client, key: string): HllRegisters {
  const known = registersOf(client, key);
  if (known !== undefined) return known;
  const registers = HllRegisters.empty();
  client.db.reserve(registers.bytes.length, 1);
  return registers;
}

function pfadd(client: Client, [key, ...elements]: readonly string[]): Reply {
  const isNew = client.db.entryOf(key, "string") === undefined;
  const registers = registersFor(client, key);
  const changes = elements.filter((element) => registers.add(element)).length;
  if (!isNew && changes === 0) return 0;
  storeBytes(client.db, key, registers.bytes, "pfadd");
  return 1;
}

function pfcount(client: Client, keys: readonly string[]): Reply {
  if (keys.length === 1) return registersOf(client, keys[0])?.count() ?? 0;
  const all = HllRegisters.empty();
  mergeAll(client, all, keys);
  return all.count();
}

function mergeAll(client: Client, target: HllRegisters, keys: readonly string[]): void {
  const sources = keys.map((key) => registersOf(client, key));
  for (const source of sources) if (source !== undefined) target.merge(source);
}

function pfmerge(client: Client, [target, ...keys]: readonly string[]): Reply {
  const registers = registersFor(client, target);
  mergeAll(client, registers, keys);
  storeBytes(client.db, target, registers.bytes, "pfadd");
  return OK;
}
