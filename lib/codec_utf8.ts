/**
 * Strings as UTF-8. Lone surrogates are kept (the generalized encoding known as WTF-8), which the
 * platform's coders would replace.
 *
 * @module
 */

const textEncoder = new TextEncoder();
// A byte order mark is content here, not a sign of the encoding. Not `fatal`: that takes more than
// twice as long as looking for replacement characters.
const textDecoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Up to this many UTF-16 units a loop beats the platform's encoder. */
const SHORT_TO_WRITE = 64;

/** Up to this many bytes a loop beats the platform's decoder. */
const SHORT_TO_READ = 40;

/**
 * Writes a string as UTF-8.
 *
 * @param text Any string.
 * @param target Has room for three bytes for each UTF-16 unit.
 * @param offset Where to start.
 * @returns The offset after the last byte.
 */
export function writeUtf8(text: string, target: Uint8Array, offset: number): number {
  const length = text.length;
  if (length > SHORT_TO_WRITE) {
    if (!text.isWellFormed()) return writeUnits(text, 0, target, offset);
    return offset + textEncoder.encodeInto(text, target.subarray(offset)).written;
  }
  for (let index = 0; index < length; index++) {
    const unit = text.charCodeAt(index);
    if (unit > 0x7f) return writeUnits(text, index, target, offset);
    target[offset++] = unit;
  }
  return offset;
}

function writeUnits(text: string, start: number, target: Uint8Array, offset: number): number {
  for (let index = start; index < text.length; index++) {
    const point = text.codePointAt(index)!;
    if (point < 0x80) {
      target[offset++] = point;
    } else if (point < 0x800) {
      target[offset++] = 0xc0 | (point >> 6);
      target[offset++] = 0x80 | (point & 0x3f);
    } else if (point < 0x10000) {
      target[offset++] = 0xe0 | (point >> 12);
      target[offset++] = 0x80 | ((point >> 6) & 0x3f);
      target[offset++] = 0x80 | (point & 0x3f);
    } else {
      index++;
      target[offset++] = 0xf0 | (point >> 18);
      target[offset++] = 0x80 | ((point >> 12) & 0x3f);
      target[offset++] = 0x80 | ((point >> 6) & 0x3f);
      target[offset++] = 0x80 | (point & 0x3f);
    }
  }
  return offset;
}

/**
 * Reads a string.
 *
 * @param bytes Holds the string.
 * @param start The offset of its first byte.
 * @param end The offset after its last byte, at most `bytes.length`.
 * @returns The string.
 * @throws {RangeError} If the bytes are not UTF-8.
 */
export function readUtf8(bytes: Uint8Array, start: number, end: number): string {
  if (end - start <= SHORT_TO_READ) {
    return readAscii(bytes, start, end - start) ?? readUnits(bytes, start, end);
  }
  const text = textDecoder.decode(bytes.subarray(start, end));
  // A replacement character was either sent, or stands for a lone surrogate or damage.
  return text.includes("\ufffd") ? readUnits(bytes, start, end) : text;
}

const fromUnits = String.fromCharCode;

/** One array for each length, reused: the arguments of a call. */
const unitsOfLength = Array.from(
  { length: SHORT_TO_READ + 1 },
  (_, length) => new Array<number>(length).fill(0),
);

function readAscii(bytes: Uint8Array, start: number, length: number): string | undefined {
  const units = unitsOfLength[length];
  for (let index = 0; index < length; index++) {
    const unit = bytes[start + index];
    if (unit > 0x7f) return undefined;
    units[index] = unit;
  }
  return fromUnits.apply(null, units);
}

/** Arguments per call: far below what the stack can take. */
const CHUNK = 4096;

function readUnits(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  const units: number[] = [];
  let at = start;
  while (at < end) {
    const lead = bytes[at];
    const size = sequenceLength(lead);
    if (size === 0 || at + size > end) throw invalid(at);
    let point = size === 1 ? lead : lead & (0x7f >> size);
    for (let index = 1; index < size; index++) {
      const next = bytes[at + index];
      if ((next & 0xc0) !== 0x80) throw invalid(at);
      point = (point << 6) | (next & 0x3f);
    }
    if (point < LEAST_POINT[size] || point > 0x10ffff) throw invalid(at);
    if (point > 0xffff) {
      units.push(0xd7c0 + (point >> 10), 0xdc00 | (point & 0x3ff));
    } else {
      units.push(point);
    }
    at += size;
    if (units.length >= CHUNK) {
      text += fromUnits(...units);
      units.length = 0;
    }
  }
  return text + fromUnits(...units);
}

/** The least code point that needs that many bytes. */
const LEAST_POINT = [0, 0, 0x80, 0x800, 0x10000];

function sequenceLength(lead: number): number {
  if (lead < 0x80) return 1;
  if (lead < 0xc0) return 0;
  if (lead < 0xe0) return 2;
  if (lead < 0xf0) return 3;
  return lead < 0xf8 ? 4 : 0;
}

function invalid(offset: number): RangeError {
  return new RangeError(`invalid UTF-8 at byte ${offset}`);
}
