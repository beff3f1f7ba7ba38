/**
 * Strings as bytes, lone surrogates included. UTF-8 has no form for those; here each takes three bytes,
 * as any other code unit of its size does (the generalized UTF-8 of WTF-8).
 *
 * @see {@link https://simonsapin.github.io/wtf-8/} for WTF-8
 * @module
 */

/** Strings of at most this many bytes are read by a loop, since a call of the decoder costs more. */
const MAX_LOOP_BYTES = 32;

const { fromCharCode } = String;

/** The longest part that is made by one call. */
const MAX_PART = 12;

/** The UTF-16 units of the text that is being made. */
const units: number[] = [];

const LONE_SURROGATE = /\p{Surrogate}/u;
const textEncoder = new TextEncoder();
const textDecoder = new TextDecoder("utf-8", { ignoreBOM: true });
const strictDecoder = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });

/** Encodes a string that may have lone surrogates. */
export function encodeSurrogates(text: string): Uint8Array {
  const bytes = new Uint8Array(3 * text.length);
  let at = 0;
  while (text !== "") {
    const end = text.search(LONE_SURROGATE);
    const whole = end < 0 ? text : text.slice(0, end);
    at += textEncoder.encodeInto(whole, bytes.subarray(at)).written;
    if (end < 0) break;
    const unit = text.charCodeAt(end);
    bytes[at++] = 0xe0 | unit >> 12;
    bytes[at++] = 0x80 | unit >> 6 & 0x3f;
    bytes[at++] = 0x80 | unit & 0x3f;
    text = text.slice(end + 1);
  }
  return bytes.subarray(0, at);
}

/** Decodes a string that is a part of some bytes, as `decodeSurrogates` does. */
export function decodeText(bytes: Uint8Array, at: number, length: number): string {
  const text = length <= MAX_LOOP_BYTES ? shortText(bytes, at, length) : undefined;
  return text ?? decodeSurrogates(bytes.subarray(at, at + length));
}

/** The text of a few bytes; undefined if they are not UTF-8. Surrogates count as other characters do. */
function shortText(bytes: Uint8Array, at: number, length: number): string | undefined {
  const text = length <= MAX_PART ? asciiPart(bytes, at, length) : asciiText(bytes, at, length);
  return text ?? mixedText(bytes, at, at + length);
}

function asciiText(bytes: Uint8Array, at: number, length: number): string | undefined {
  let text = "";
  for (const end = at + length; at < end; at += MAX_PART) {
    const part = asciiPart(bytes, at, Math.min(MAX_PART, end - at));
    if (part === undefined) return undefined;
    text += part;
  }
  return text;
}

function mixedText(bytes: Uint8Array, at: number, end: number): string | undefined {
  units.length = 0;
  while (at < end) {
    const lead = bytes[at];
    const size = sizeOf(lead);
    if (size === 0 || at + size > end || !addUnits(bytes, at, lead, size)) return undefined;
    at += size;
  }
  return fromCharCode.apply(undefined, units);
}

/** The bytes of a character, by the first of them; 0 if none begins so. */
function sizeOf(lead: number): number {
  if (lead < 0x80) return 1;
  if (lead < 0xc2) return 0;
  if (lead < 0xe0) return 2;
  if (lead < 0xf0) return 3;
  return lead < 0xf5 ? 4 : 0;
}

/** Adds a character; false if its bytes are none. */
function addUnits(bytes: Uint8Array, at: number, lead: number, size: number): boolean {
  if (size === 1) {
    units.push(lead);
    return true;
  }
  let code = lead & 0xff >> size + 1;
  for (let index = 1; index < size; index++) {
    const next = bytes[at + index];
    if ((next & 0xc0) !== 0x80) return false;
    code = code << 6 | next & 0x3f;
  }
  if (size === 2) units.push(code);
  else if (size === 3) {
    if (code < 0x800) return false;
    units.push(code);
  } else {
    if (code < 0x10000 || code > 0x10ffff) return false;
    units.push(0xd7c0 + (code >> 10), 0xdc00 | code & 0x3ff);
  }
  return true;
}

/** One call for each length: to join parts takes as long again. */
function asciiPart(bytes: Uint8Array, at: number, length: number): string | undefined {
  if (length === 0) return "";
  const a = bytes[at];
  if (length === 1) return a > 0x7f ? undefined : fromCharCode(a);
  const b = bytes[at + 1];
  if (length === 2) return (a | b) > 0x7f ? undefined : fromCharCode(a, b);
  const c = bytes[at + 2];
  if (length === 3) return (a | b | c) > 0x7f ? undefined : fromCharCode(a, b, c);
  const d = bytes[at + 3];
  let all = a | b | c | d;
  if (length === 4) return all > 0x7f ? undefined : fromCharCode(a, b, c, d);
  const e = bytes[at + 4];
  all |= e;
  if (length === 5) return all > 0x7f ? undefined : fromCharCode(a, b, c, d, e);
  const f = bytes[at + 5];
  all |= f;
  if (length === 6) return all > 0x7f ? undefined : fromCharCode(a, b, c, d, e, f);
  const g = bytes[at + 6];
  all |= g;
  if (length === 7) return all > 0x7f ? undefined : fromCharCode(a, b, c, d, e, f, g);
  const h = bytes[at + 7];
  all |= h;
  if (length === 8) return all > 0x7f ? undefined : fromCharCode(a, b, c, d, e, f, g, h);
  const i = bytes[at + 8];
  all |= i;
  if (length === 9) return all > 0x7f ? undefined : fromCharCode(a, b, c, d, e, f, g, h, i);
  const j = bytes[at + 9];
  all |= j;
  if (length === 10) return all > 0x7f ? undefined : fromCharCode(a, b, c, d, e, f, g, h, i, j);
  const k = bytes[at + 10];
  all |= k;
  if (length === 11) return all > 0x7f ? undefined : fromCharCode(a, b, c, d, e, f, g, h, i, j, k);
  const l = bytes[at + 11];
  all |= l;
  return all > 0x7f ? undefined : fromCharCode(a, b, c, d, e, f, g, h, i, j, k, l);
}

/** Decodes a string that may have lone surrogates. What is no UTF-8 besides them becomes U+FFFD. */
export function decodeSurrogates(bytes: Uint8Array): string {
  try {
    return strictDecoder.decode(bytes);
  } catch {
    return decodeParts(bytes);
  }
}

function decodeParts(bytes: Uint8Array): string {
  let text = "";
  let start = 0;
  for (let at = 0; at < bytes.length; at++) {
    if (!isSurrogateAt(bytes, at)) continue;
    const unit = 0xd000 | (bytes[at + 1] & 0x3f) << 6 | bytes[at + 2] & 0x3f;
    text += textDecoder.decode(bytes.subarray(start, at)) + String.fromCharCode(unit);
    start = at + 3;
    at += 2;
  }
  return text + textDecoder.decode(bytes.subarray(start));
}

function isSurrogateAt(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0xed && (bytes[at + 1] & 0xe0) === 0xa0 && (bytes[at + 2] & 0xc0) === 0x80;
}
