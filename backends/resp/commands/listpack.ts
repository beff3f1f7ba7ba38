/**
 * Listpacks: how Redis packs short collections, and the entries of streams. `DUMP` has them.
 *
 * @module
 */

import { backlengthSize } from "../../store/listpack_size.ts";
import { err } from "../engine/errors.ts";

const HEADER_BYTES = 6;
const END = "\xff";
const MAX_COUNT = 0xffff;
const CORRUPTED = err("Bad data format");

/** The elements of a listpack. Whole numbers come as texts. */
export function readListpack(bytes: string): string[] {
  const elements: string[] = [];
  let at = HEADER_BYTES;
  while (bytes[at] !== END) {
    if (at >= bytes.length) throw CORRUPTED;
    const [element, next] = readElement(bytes, at);
    if (next > bytes.length) throw CORRUPTED;
    elements.push(element);
    at = next + backlengthSize(next - at);
  }
  return elements;
}

/** An element, and where its size begins. */
function readElement(bytes: string, at: number): [string, number] {
  const first = bytes.charCodeAt(at);
  if (first < 0x80) return [String(first), at + 1];
  if (first < 0xc0) return textAt(bytes, at + 1, first & 0x3f);
  if (first < 0xe0) {
    const value = (first & 0x1f) << 8 | bytes.charCodeAt(at + 1);
    return [String(value << 19 >> 19), at + 2];
  }
  if (first < 0xf0) return textAt(bytes, at + 2, (first & 0x0f) << 8 | bytes.charCodeAt(at + 1));
  if (first === 0xf0) return textAt(bytes, at + 5, Number(littleEndian(bytes, at + 1, 4)));
  const size = NUMBER_SIZES[first - 0xf1];
  if (size === undefined || at + size >= bytes.length) throw CORRUPTED;
  const value = BigInt.asIntN(8 * size, littleEndian(bytes, at + 1, size));
  return [String(value), at + 1 + size];
}

/** Bytes of whole numbers after their first byte, by its value from 0xf1 on. */
const NUMBER_SIZES: readonly number[] = [2, 3, 4, 8];

function textAt(bytes: string, at: number, length: number): [string, number] {
  return [bytes.slice(at, at + length), at + length];
}

/** The whole number in some bytes, the lowest one first. */
export function littleEndian(bytes: string, at: number, size: number): bigint {
  let value = 0n;
  for (let i = size - 1; i >= 0; i--) value = value << 8n | BigInt(bytes.charCodeAt(at + i) || 0);
  return value;
}

/** A listpack of elements. Numbers up to 127 take a byte; all others are written as texts. */
export function writeListpack(elements: readonly (string | number)[]): string {
  const body = elements.map(elementBytes).join("");
  const total = HEADER_BYTES + body.length + END.length;
  const count = Math.min(elements.length, MAX_COUNT);
  return numberBytes(total, 4) + numberBytes(count, 2) + body + END;
}

function numberBytes(value: number, size: number): string {
  return String.fromCharCode(...Array.from({ length: size }, (_, i) => value >>> 8 * i & 0xff));
}

function elementBytes(element: string | number): string {
  const bytes = typeof element === "number"
    ? String.fromCharCode(element)
    : textPrefix(element.length) + element;
  return bytes + backlength(bytes.length);
}

function textPrefix(length: number): string {
  if (length < 64) return String.fromCharCode(0x80 | length);
  if (length < 4096) return String.fromCharCode(0xe0 | length >> 8, length & 0xff);
  return "\xf0" + numberBytes(length, 4);
}

/** The size of an element, with seven bits in a byte; all but the first one are marked. */
function backlength(length: number): string {
  const codes: number[] = [];
  let rest = length;
  for (let left = backlengthSize(length); left > 0; left--) {
    codes.unshift(rest & 0x7f | (left > 1 ? 0x80 : 0));
    rest = Math.floor(rest / 128);
  }
  return String.fromCharCode(...codes);
}
