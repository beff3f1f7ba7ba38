/**
 * The extension types of MessagePack messages.
 *
 * @module
 */

import { copyToTypedArray, kindByCode } from "./typed_array.ts";

/** Types of extensions. The type of a typed array is the code of its kind, from 1 on. */
export const EXTENSION = { arrayBuffer: 32, dataView: 33, bigInt: 34, timestamp: 0xff } as const;

const MAX_SHORT_SECONDS = 2 ** 34;
const NANOSECONDS_PER_MS = 1e6;

/** The content of a timestamp: 4 bytes, 8 or 12, the fewest that have room. */
export function timestampBytes(timeMs: number): Uint8Array {
  const seconds = Math.floor(timeMs / 1000);
  const nanoseconds = (timeMs - seconds * 1000) * NANOSECONDS_PER_MS;
  const isLong = seconds < 0 || seconds >= MAX_SHORT_SECONDS;
  const isShort = nanoseconds === 0 && seconds >= 0 && seconds < 2 ** 32;
  const bytes = new Uint8Array(isLong ? 12 : isShort ? 4 : 8);
  const view = new DataView(bytes.buffer);
  if (isLong) {
    view.setUint32(0, nanoseconds);
    view.setBigInt64(4, BigInt(seconds));
    return bytes;
  }
  if (!isShort) view.setUint32(0, nanoseconds * 4 + Math.floor(seconds / 2 ** 32));
  view.setUint32(bytes.length - 4, seconds % 2 ** 32);
  return bytes;
}

/**
 * The value of an extension, in a buffer of its own.
 *
 * @throws {RangeError} if the type is unknown, or the content is not what the type says
 */
export function extensionValue(type: number, content: Uint8Array): unknown {
  const kind = kindByCode(type);
  if (kind !== undefined) return copyToTypedArray(kind, content);
  switch (type) {
    case EXTENSION.arrayBuffer:
      return new Uint8Array(content).buffer;
    case EXTENSION.dataView:
      return new DataView(new Uint8Array(content).buffer);
    case EXTENSION.bigInt:
      return toBigInt(new TextDecoder().decode(content));
    case EXTENSION.timestamp:
      return toDate(content);
    default:
      throw new RangeError(`unknown extension type ${type << 24 >> 24}`);
  }
}

/** Parses hexadecimal digits: to parse decimal digits of a hostile message could take seconds. */
function toBigInt(digits: string): bigint {
  return digits.startsWith("-") ? -BigInt(`0x${digits.slice(1)}`) : BigInt(`0x${digits}`);
}

function toDate(content: Uint8Array): Date {
  const date = new Date(timeOf(content));
  if (Number.isNaN(date.getTime())) throw new RangeError("a timestamp is out of range");
  return date;
}

function timeOf(content: Uint8Array): number {
  const view = new DataView(content.buffer, content.byteOffset, content.length);
  switch (content.length) {
    case 4:
      return view.getUint32(0) * 1000;
    case 8: {
      const first = view.getUint32(0);
      const seconds = (first & 3) * 2 ** 32 + view.getUint32(4);
      return seconds * 1000 + (first >>> 2) / NANOSECONDS_PER_MS;
    }
    case 12:
      return Number(view.getBigInt64(4)) * 1000 + view.getUint32(0) / NANOSECONDS_PER_MS;
    default:
      throw new RangeError(`a timestamp has 4, 8 or 12 bytes, not ${content.length}`);
  }
}
