/**
 * `BITFIELD`: numbers of any width in a string.
 *
 * @module
 */

import { storedBytes } from "../../store/value.ts";
import type { Client } from "../engine/client.ts";
import { err, SYNTAX_ERROR } from "../engine/errors.ts";
import type { Reply } from "../protocol/reply.ts";
import { bytesFor, storeBytes } from "./values.ts";
import { parseInt64, toInt64 } from "./numbers.ts";

/** What happens to a number that does not fit. */
type Overflow = "WRAP" | "SAT" | "FAIL";

/** A type such as `u8` or `i16`. */
interface FieldType {
  readonly isSigned: boolean;
  readonly bits: number;
}

/** One operation on a field. */
interface Operation {
  readonly name: "GET" | "SET" | "INCRBY";
  readonly type: FieldType;
  readonly offset: number;
  readonly value: bigint;
  readonly overflow: Overflow;
}

const TYPE = /^([iu])(\d+)$/;
const BAD_TYPE = err(
  "Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.",
);
const BAD_OFFSET = err("bit offset is not an integer or out of range");
const MAX_BITS = 2 ** 32;

/** The command. */
export function bitfield(client: Client, [key, ...words]: readonly string[]): Reply {
  return execute(client, key, operations(words));
}

/** The command that only reads. */
export function bitfieldRo(client: Client, [key, ...words]: readonly string[]): Reply {
  const all = operations(words);
  if (all.some(({ name }) => name !== "GET")) {
    throw err("BITFIELD_RO only supports the GET subcommand");
  }
  return execute(client, key, all);
}

function operations(words: readonly string[]): Operation[] {
  const found: Operation[] = [];
  let overflow: Overflow = "WRAP";
  for (let i = 0; i < words.length;) {
    const name = words[i].toUpperCase();
    const left = words.length - 1 - i;
    if (name === "OVERFLOW" && left >= 1) {
      overflow = overflowOf(words[i + 1]);
      i += 2;
    } else if (name === "GET" && left >= 2) {
      found.push(operation("GET", words.slice(i + 1, i + 3), overflow));
      i += 3;
    } else if ((name === "SET" || name === "INCRBY") && left >= 3) {
      found.push(operation(name, words.slice(i + 1, i + 4), overflow));
      i += 4;
    } else throw SYNTAX_ERROR;
  }
  return found;
}

function overflowOf(word: string): Overflow {
  const name = word.toUpperCase();
  if (name === "WRAP" || name === "SAT" || name === "FAIL") return name;
  throw err("Invalid OVERFLOW type specified");
}

function operation(
  name: Operation["name"],
  [typeText, offsetText, valueText]: readonly string[],
  overflow: Overflow,
): Operation {
  const type = fieldType(typeText);
  const offset = fieldOffset(offsetText, type);
  const value = valueText === undefined ? 0n : toInt64(valueText);
  return { name, type, offset, value, overflow };
}

function fieldType(text: string): FieldType {
  const match = TYPE.exec(text);
  if (match === null) throw BAD_TYPE;
  const [isSigned, bits] = [match[1] === "i", Number(match[2])];
  if (bits < 1 || bits > (isSigned ? 64 : 63)) throw BAD_TYPE;
  return { isSigned, bits };
}

/** `#3` is the third field of its width. */
function fieldOffset(text: string, { bits }: FieldType): number {
  const isIndex = text.startsWith("#");
  const number = parseInt64(isIndex ? text.slice(1) : text);
  if (number === undefined) throw BAD_OFFSET;
  const offset = Number(number) * (isIndex ? bits : 1);
  if (offset < 0 || offset + bits > MAX_BITS) throw BAD_OFFSET;
  return offset;
}

function execute({ db }: Client, key: string, all: readonly Operation[]): Reply {
  const writes = all.filter(({ name }) => name !== "GET");
  const former = db.get(key, "string");
  const ends = writes.map(({ offset, type }) => Math.ceil((offset + type.bits) / 8));
  const length = Math.max(former === undefined ? 0 : storedBytes(former), ...ends);
  if (former === undefined || length > storedBytes(former)) db.reserve(length, 0);
  const bytes = bytesFor(former, length);
  const replies = all.map((each) => apply(bytes, each));
  if (writes.length > 0) storeBytes(db, key, bytes, "setbit");
  return replies;
}

function apply(
  bytes: Uint8Array,
  { name, type, offset, value, overflow }: Operation,
): bigint | null {
  const former = read(bytes, offset, type);
  if (name === "GET") return former;
  // What is set in a field without sign counts as a number without sign.
  const given = type.isSigned ? value : BigInt.asUintN(64, value);
  const next = fitted(name === "SET" ? given : former + value, type, overflow);
  if (next === undefined) return null;
  write(bytes, offset, type, next);
  return name === "SET" ? former : next;
}

function read(bytes: Uint8Array, offset: number, { isSigned, bits }: FieldType): bigint {
  let value = 0n;
  for (let i = offset; i < offset + bits; i++) {
    const bit = (bytes[Math.floor(i / 8)] ?? 0) >> (7 - i % 8) & 1;
    value = value << 1n | BigInt(bit);
  }
  return isSigned ? BigInt.asIntN(bits, value) : value;
}

function write(bytes: Uint8Array, offset: number, { bits }: FieldType, value: bigint): void {
  const unsigned = BigInt.asUintN(bits, value);
  for (let i = 0; i < bits; i++) {
    const [index, mask] = [Math.floor((offset + i) / 8), 0x80 >> (offset + i) % 8];
    const isSet = (unsigned >> BigInt(bits - 1 - i) & 1n) === 1n;
    bytes[index] = isSet ? bytes[index] | mask : bytes[index] & ~mask;
  }
}

/** A number that fits the type; undefined if it must not be stored. */
function fitted(
  value: bigint,
  { isSigned, bits }: FieldType,
  overflow: Overflow,
): bigint | undefined {
  const width = BigInt(bits);
  const least = isSigned ? -(1n << width - 1n) : 0n;
  const most = isSigned ? (1n << width - 1n) - 1n : (1n << width) - 1n;
  if (value >= least && value <= most) return value;
  if (overflow === "FAIL") return undefined;
  if (overflow === "SAT") return value > most ? most : least;
  return isSigned ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value);
}
