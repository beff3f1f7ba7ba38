/**
 * Headers: a text that travels before a value, whatever the codec. Receivers skip it unless they enable
 * headers.
 *
 * @module
 */

import { type Encoded, Encoder } from "./encoder.ts";
import { RECORD_HEADERS } from "../../wasm/layout.ts";

/** Longest header, in bytes of UTF-8: a W3C baggage of 8,192 bytes and a trace context fit. */
export const MAX_HEADER_BYTES = 16_384;

const LENGTH_BYTES = 4;
const textEncoder = new TextEncoder();
const textDecoder = new TextDecoder();

/** Bytes that a header takes. The payload after it is aligned to 8 bytes. */
export function paddedHeaderBytes(headerBytes: number): number {
  return (LENGTH_BYTES + headerBytes + 7) & ~7;
}

/** A header before a payload: its length, its text, and padding. Throws `RangeError` if it is too long. */
export function encodeHeader(header: string): Uint8Array {
  const text = textEncoder.encode(header);
  if (text.length > MAX_HEADER_BYTES) {
    throw new RangeError(`a header has at most ${MAX_HEADER_BYTES} bytes, not ${text.length}`);
  }
  const bytes = new Uint8Array(paddedHeaderBytes(text.length));
  new DataView(bytes.buffer).setUint32(0, text.length, true);
  bytes.set(text, LENGTH_BYTES);
  return bytes;
}

/** Splits bytes into their header and the payload after it. Undefined if they hold no whole header. */
export function readHeader<B extends ArrayBufferLike>(
  bytes: Uint8Array<B>,
): { header: string; payload: Uint8Array<B> } | undefined {
  if (bytes.length < LENGTH_BYTES) return undefined;
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const paddedBytes = paddedHeaderBytes(length);
  if (length > MAX_HEADER_BYTES || paddedBytes > bytes.length) return undefined;
  const header = textDecoder.decode(bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + length));
  return { header, payload: bytes.subarray(paddedBytes) };
}

/** A message as it was sent, its header before its payload again; without one that was not read. */
export function withHeader(
  { bytes, flags, header }: { bytes: Uint8Array; flags: number; header?: string | undefined },
): { bytes: Uint8Array; flags: number } {
  if (header === undefined) return { bytes, flags: flags & ~RECORD_HEADERS };
  const encoded = encodeHeader(header);
  const whole = new Uint8Array(encoded.length + bytes.length);
  whole.set(encoded);
  whole.set(bytes, encoded.length);
  return { bytes: whole, flags };
}

/** A value and its header. */
export class WithHeader<T = unknown> {
  readonly value: T;
  readonly header: string;

  constructor(value: T, header: string) {
    this.value = value;
    this.header = header;
  }
}

/** Encodes values, and their headers. */
export class HeaderEncoder extends Encoder {
  #scratch = new Uint8Array(256);

  /**
   * Encodes a value, with its header before it if it is a `WithHeader`.
   *
   * @throws {ShmSerializationError} if it cannot be encoded
   * @throws {RangeError} if the header is too long
   */
  override encode(value: unknown): Encoded {
    if (!(value instanceof WithHeader)) return super.encode(value);
    const { bytes, flags } = super.encode(value.value);
    const header = encodeHeader(value.header);
    return { bytes: this.#concat(header, bytes), flags: flags | RECORD_HEADERS };
  }

  #concat(header: Uint8Array, bytes: Uint8Array): Uint8Array {
    const length = header.length + bytes.length;
    if (this.#scratch.length < length) this.#scratch = new Uint8Array(length);
    this.#scratch.set(header);
    this.#scratch.set(bytes, header.length);
    return this.#scratch.subarray(0, length);
  }
}
