/**
 * Commands of the bits of strings.
 *
 * @module
 */

import { storedBytes } from "../../store/value.ts";
import type { Client } from "../engine/client.ts";
import { commandGroup, ONE_KEY, row } from "../engine/command.ts";
import { err, SYNTAX_ERROR } from "../engine/errors.ts";
import type { Reply } from "../protocol/reply.ts";
import { bitfield, bitfieldRo } from "./bitfield.ts";
import { toInteger } from "./numbers.ts";
import { bytesFor, storeBytes } from "./values.ts";

/** Commands of bits. */
export const BIT_COMMANDS = commandGroup("bitmap", [
  row("bitcount", -2, "readonly", ONE_KEY, "2.6.0", "The number of bits that are set.", bitcount),
  row(
    "bitfield",
    -2,
    "write denyoom",
    ONE_KEY,
    "3.2.0",
    "Reads and writes numbers of any width in a string.",
    bitfield,
  ),
  row(
    "bitfield_ro",
    -2,
    "readonly fast",
    ONE_KEY,
    "6.0.0",
    "Reads numbers of any width in a string.",
    bitfieldRo,
  ),
  row(
    "bitop",
    -4,
    "write denyoom",
    { first: 2, last: -1, step: 1 },
    "2.6.0",
    "Combines the bits of strings.",
    bitop,
  ),
  row("bitpos", -3, "readonly", ONE_KEY, "2.8.7", "The place of the first bit of a value.", bitpos),
  row("getbit", 3, "readonly fast", ONE_KEY, "2.2.0", "A bit of a string.", getbit),
  row(
    "setbit",
    4,
    "write denyoom",
    ONE_KEY,
    "2.2.0",
    "Sets a bit of a string; returns the former one.",
    setbit,
  ),
]);

/** Bits of a string of the greatest length. */
const MAX_BITS = 2 ** 32;
const BAD_OFFSET = err("bit offset is not an integer or out of range");

function bitOffset(text: string): number {
  const offset = toInteger(text, BAD_OFFSET);
  if (offset < 0 || offset >= MAX_BITS) throw BAD_OFFSET;
  return offset;
}

function bytesOf({ db }: Client, key: string): Uint8Array | undefined {
  const value = db.get(key, "string");
  return value === undefined ? undefined : bytesFor(value, 0);
}

function getbit(client: Client, [key, at]: readonly string[]): Reply {
  const offset = bitOffset(at);
  return bitAt(bytesOf(client, key) ?? new Uint8Array(0), offset);
}

/** A bit; those beyond the end are 0. */
function bitAt(bytes: Uint8Array, offset: number): number {
  return (bytes[Math.floor(offset / 8)] ?? 0) >> (7 - offset % 8) & 1;
}

function setbit({ db }: Client, [key, at, bit]: readonly string[]): Reply {
  const offset = bitOffset(at);
  if (bit !== "0" && bit !== "1") throw err("bit is not an integer or out of range");
  const former = db.get(key, "string");
  const index = Math.floor(offset / 8);
  const length = Math.max(index + 1, former === undefined ? 0 : storedBytes(former));
  if (former === undefined || length > storedBytes(former)) db.reserve(length, 0);
  const bytes = bytesFor(former, length);
  const mask = 0x80 >> offset % 8;
  const was = Number((bytes[index] & mask) !== 0);
  bytes[index] = bit === "1" ? bytes[index] | mask : bytes[index] & ~mask;
  storeBytes(db, key, bytes, "setbit");
  return was;
}

/** A range of bits: first and last one. */
interface BitRange {
  readonly first: number;
  readonly last: number;
}

/** The range that words give, in bytes or in bits, within a length in bytes. */
function bitRange(from: string, to: string, unit: string | undefined, length: number): BitRange {
  const name = unit?.toUpperCase() ?? "BYTE";
  const [start, end] = [toInteger(from), toInteger(to)];
  if (name !== "BIT" && name !== "BYTE") throw SYNTAX_ERROR;
  const size = name === "BIT" ? length * 8 : length;
  if (start < 0 && end < 0 && start > end) return { first: 0, last: -1 };
  const first = Math.max(0, start < 0 ? size + start : start);
  const last = Math.min(size - 1, Math.max(0, end < 0 ? size + end : end));
  return name === "BIT" ? { first, last } : { first: first * 8, last: last * 8 + 7 };
}

function bitcount(client: Client, [key, from, to, unit, ...more]: readonly string[]): Reply {
  const bytes = bytesOf(client, key);
  if (bytes === undefined) return 0;
  if (more.length > 0 || from !== undefined && to === undefined) throw SYNTAX_ERROR;
  const range = from === undefined
    ? { first: 0, last: bytes.length * 8 - 1 }
    : bitRange(from, to, unit, bytes.length);
  return countBits(bytes, range);
}

function countBits(bytes: Uint8Array, { first, last }: BitRange): number {
  if (first > last) return 0;
  const [start, end] = [first >> 3, last >> 3];
  let count = 0;
  for (let i = start; i <= end; i++) {
    let byte = bytes[i];
    if (i === start) byte &= 0xff >> first % 8;
    if (i === end) byte &= 0xff << (7 - last % 8);
    for (byte &= 0xff; byte !== 0; byte &= byte - 1) count++;
  }
  return count;
}

function bitpos(client: Client, [key, bit, from, to, unit, ...more]: readonly string[]): Reply {
  const wanted = toInteger(bit);
  if (wanted !== 0 && wanted !== 1) throw err("The bit argument must be 1 or 0.");
  const bytes = bytesOf(client, key);
  if (bytes === undefined) return wanted === 1 ? -1 : 0;
  if (more.length > 0) throw SYNTAX_ERROR;
  const { length } = bytes;
  const range = from === undefined
    ? { first: 0, last: length * 8 - 1 }
    : bitRange(from, to ?? "-1", unit, length);
  const found = findBit(bytes, wanted, range);
  if (found !== -1) return found;
  // Without an end the string counts as followed by zeros.
  return wanted === 0 && to === undefined && range.first <= range.last ? length * 8 : -1;
}

/** The first bit of a value in a range; -1 if there is none. Bytes without it are skipped. */
function findBit(bytes: Uint8Array, wanted: number, { first, last }: BitRange): number {
  const other = wanted === 1 ? 0 : 0xff;
  for (let at = first; at <= last;) {
    if (at % 8 === 0 && at + 7 <= last && bytes[at / 8] === other) at += 8;
    else if (bitAt(bytes, at) === wanted) return at;
    else at++;
  }
  return -1;
}

const OPERATORS: Readonly<Record<string, (a: number, b: number) => number>> = {
  AND: (a, b) => a & b,
  OR: (a, b) => a | b,
  XOR: (a, b) => a ^ b,
};

const NONE = new Uint8Array(0);

function invert(bytes: Uint8Array): void {
  for (let i = 0; i < bytes.length; i++) bytes[i] = ~bytes[i];
}

/** Both, of which the shorter one goes on with zeros. */
function combined(
  one: Uint8Array<ArrayBuffer>,
  other: Uint8Array,
  operator: (one: number, other: number) => number,
): Uint8Array<ArrayBuffer> {
  let result = one;
  if (other.length > one.length) {
    result = new Uint8Array(other.length);
    result.set(one);
  }
  for (let i = 0; i < other.length; i++) result[i] = operator(result[i], other[i]);
  for (let i = other.length; i < result.length; i++) result[i] = operator(result[i], 0);
  return result;
}

function bitop(client: Client, [operation, target, ...keys]: readonly string[]): Reply {
  const { db } = client;
  const name = operation.toUpperCase();
  const operator = OPERATORS[name];
  if (operator === undefined && name !== "NOT") throw SYNTAX_ERROR;
  if (name === "NOT" && keys.length !== 1) {
    throw err("BITOP NOT must be called with a single source key.");
  }
  const [first, ...rest] = keys;
  let result = Uint8Array.from(bytesOf(client, first) ?? []);
  if (name === "NOT") invert(result);
  // One by one: they may be many, and long.
  for (const key of rest) result = combined(result, bytesOf(client, key) ?? NONE, operator);
  if (result.length === 0) {
    db.delete(target);
    return 0;
  }
  db.set(target, "string", result, "set");
  return result.length;
}
