/**
 * Makes a WebAssembly module ask its host now and then whether it may go on.
 *
 * The interpreter of Lua calls a hook every so many instructions of a script. It does not while one of its own
 * functions works, and some of these take as long as the script wants: `string.find` with nested repetitions,
 * `table.sort`, `table.concat`. Whatever takes long has a loop. So each loop counts down from `LOOPS`, and at
 * zero the host is asked.
 *
 * @module
 */

import { readLatin1 } from "../../store/latin1.ts";

/** Rounds of all loops together after which the host is asked: some milliseconds. */
const LOOPS = 1_000_000;

/** Sections of a module by their numbers. */
const TYPES = 1;
const IMPORTS = 2;
const FUNCTIONS = 3;
const MEMORIES = 5;
const GLOBALS = 6;
const CODE = 10;

/** Bytes before the first section. */
const HEADER_BYTES = 8;
const I32 = 0x7f;
const LOOP = 0x03;
const BR_TABLE = 0x0e;
const PREFIX = 0xfc;

type Range = readonly [from: number, to: number];
/** Opcodes that one further number follows, or two. */
const ONE_NUMBER: readonly Range[] = [[2, 4], [0x0c, 0x0d], [0x10, 0x10], [0x20, 0x24], [
  0x3f,
  0x42,
]];
const TWO_NUMBERS: readonly Range[] = [[0x11, 0x11], [0x28, 0x3e]];
/** Bytes of constants with a fraction, by their opcode. */
const FRACTION_BYTES: Readonly<Record<number, number>> = { 0x43: 4, 0x44: 8 };
/** Numbers that follow an opcode after a prefix: those of memory, and none after conversions. */
const PREFIXED_NUMBERS: Readonly<Record<number, number>> = { 8: 2, 9: 1, 10: 2, 11: 1 };

function operands(): Uint8Array {
  const counts = new Uint8Array(256);
  for (const [from, to] of ONE_NUMBER) counts.fill(1, from, to + 1);
  for (const [from, to] of TWO_NUMBERS) counts.fill(2, from, to + 1);
  return counts;
}

/** How many numbers follow an opcode. */
const OPERANDS = operands();

/** A number as modules write it. */
function leb(value: number, lastMax = 0x7f): number[] {
  const bytes: number[] = [];
  for (; value > lastMax; value >>>= 7) bytes.push(value & 0x7f | 0x80);
  return [...bytes, value];
}

const constant = (value: number) => [0x41, ...leb(value, 0x3f)];
const getGlobal = (index: number) => [0x23, ...leb(index)];
const setGlobal = (index: number) => [0x24, ...leb(index)];
const call = (index: number) => [0x10, ...leb(index)];
const when = (code: readonly number[]) => [0x04, 0x40, ...code, 0x0b];
const EQUAL = 0x46;
const IS_ZERO = 0x45;
const SUBTRACT = 0x6b;
const DROP = 0x1a;
const END = 0x0b;

/** A position in a module. */
class Cursor {
  at = 0;
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  number(): number {
    let value = 0;
    for (let shift = 0;; shift += 7) {
      const byte = this.bytes[this.at++];
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
  }

  take(length: number): Uint8Array {
    return this.bytes.subarray(this.at, this.at += length);
  }

  text(): string {
    return readLatin1(this.take(this.number()));
  }

  #skipNumbers(count: number): void {
    while (count > 0) if (this.bytes[this.at++] < 0x80) count--;
  }

  /** Skips an instruction, and returns its opcode. */
  instruction(): number {
    const opcode = this.bytes[this.at++];
    if (opcode === BR_TABLE) this.#skipNumbers(this.number() + 1);
    else if (opcode === PREFIX) this.#skipNumbers(PREFIXED_NUMBERS[this.number()] ?? 0);
    else this.#skipNumbers(OPERANDS[opcode]);
    this.at += FRACTION_BYTES[opcode] ?? 0;
    return opcode;
  }
}

/** A module, section by section. */
class Sections {
  readonly #header: Uint8Array;
  readonly #sections: [id: number, content: Uint8Array][] = [];

  constructor(module: Uint8Array) {
    const cursor = new Cursor(module);
    this.#header = cursor.take(HEADER_BYTES);
    while (cursor.at < module.length) {
      const [id] = cursor.take(1);
      this.#sections.push([id, cursor.take(cursor.number())]);
    }
  }

  /** A section: the number of its items, and where these begin. */
  open(id: number): { cursor: Cursor; count: number } {
    const cursor = new Cursor(this.#sections.find((section) => section[0] === id)![1]);
    return { cursor, count: cursor.number() };
  }

  /** Adds an item at the end of a section. Returns its index in the section. */
  append(id: number, item: readonly number[]): number {
    const { cursor, count } = this.open(id);
    this.replace(id, joined([leb(count + 1), cursor.bytes.subarray(cursor.at), item]));
    return count;
  }

  replace(id: number, content: Uint8Array): void {
    this.#sections.find((section) => section[0] === id)![1] = content;
  }

  module(): Uint8Array<ArrayBuffer> {
    const parts = this.#sections.map(([id, content]) => [[id, ...leb(content.length)], content]);
    return joined([this.#header, ...parts.flat()]);
  }
}

function joined(parts: readonly ArrayLike<number>[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** The imported functions, each with its name, in the order of their indices. */
function importedFunctions(sections: Sections): string[] {
  const { cursor, count } = sections.open(IMPORTS);
  return Array.from({ length: count }, () => {
    cursor.text();
    const name = cursor.text();
    cursor.take(1);
    cursor.number();
    return name;
  });
}

/** A function with `code` after the beginning of each loop. */
function withLoops(body: Uint8Array, code: readonly number[]): Uint8Array {
  const cursor = new Cursor(body);
  const parts: ArrayLike<number>[] = [];
  for (let left = cursor.number(); left > 0; left--) {
    cursor.number();
    cursor.take(1);
  }
  let start = 0;
  while (cursor.at < body.length) {
    if (cursor.instruction() !== LOOP) continue;
    parts.push(body.subarray(start, start = cursor.at), code);
  }
  return start === 0 ? body : joined([...parts, body.subarray(start)]);
}

function meterLoops(sections: Sections, code: readonly number[]): void {
  const { cursor, count } = sections.open(CODE);
  const parts: ArrayLike<number>[] = [leb(count)];
  for (let left = count; left > 0; left--) {
    const body = withLoops(cursor.take(cursor.number()), code);
    parts.push(leb(body.length), body);
  }
  sections.replace(CODE, joined(parts));
}

/** Imported functions by which the module asks its host. */
export interface Meter {
  /** Takes a number and returns one: `SUSPEND` lets the module call `suspend`. */
  readonly next: string;
  readonly suspend: string;
  /** What `next` returns to have the module suspended. */
  readonly SUSPEND: number;
  /** Pages of memory that the module has at first. */
  readonly pages: number;
}

/** Another size of the memory at first. Its maximum stays. */
function setMemory(sections: Sections, pages: number): void {
  const { cursor } = sections.open(MEMORIES);
  const [hasMaximum] = cursor.take(1);
  cursor.number();
  const maximum = cursor.bytes.subarray(cursor.at);
  sections.replace(MEMORIES, joined([[1, hasMaximum], leb(pages), maximum]));
}

/** The module with a count of all loops. Its imports are functions only. */
export function metered(module: Uint8Array, meter: Meter): Uint8Array<ArrayBuffer> {
  const { next, suspend, SUSPEND, pages } = meter;
  const sections = new Sections(module);
  setMemory(sections, pages);
  const imports = importedFunctions(sections);
  const type = sections.append(TYPES, [0x60, 0, 0]);
  const left = sections.append(GLOBALS, [I32, 1, ...constant(LOOPS), END]);
  const ask = imports.length + sections.append(FUNCTIONS, leb(type));
  const suspending = [...constant(0), ...constant(0), ...call(imports.indexOf(suspend)), DROP];
  const asking = [
    ...[...constant(LOOPS), ...setGlobal(left)],
    ...[...constant(0), ...call(imports.indexOf(next)), ...constant(SUSPEND), EQUAL],
    ...when(suspending),
  ];
  meterLoops(sections, [
    ...[...getGlobal(left), ...constant(1), SUBTRACT, ...setGlobal(left)],
    ...[...getGlobal(left), IS_ZERO, ...when(call(ask))],
  ]);
  sections.append(CODE, [...leb(asking.length + 2), 0, ...asking, END]);
  return sections.module();
}
