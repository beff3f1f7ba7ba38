/**
 * Values of strings as replies.
 *
 * @module
 */

import { bytesOfText } from "../../store/byte_string.ts";
import { readLatin1 } from "../../store/latin1.ts";
import { byteStringOf, JsonText, type StringValue } from "../../store/value.ts";
import type { Client } from "../engine/client.ts";

/** A value as a reply. Bytes that the next command may change are copied before that. */
export function replyOf(client: Client, value: StringValue): string | Uint8Array {
  if (typeof value === "string") return value;
  if (typeof value === "number") return String(value);
  if (value instanceof JsonText) return bytesOfText(value.text);
  return client.isAtomic ? readLatin1(value) : value;
}

/** The byte string of a key of strings, or undefined. */
export function stringOf({ db }: Client, key: string): string | undefined {
  const value = db.get(key, "string");
  return value === undefined ? undefined : byteStringOf(value);
}

/** A value as bytes that may be changed in place, with room for at least a length. */
export function bytesFor(value: StringValue | undefined, length: number): Uint8Array {
  if (value instanceof Uint8Array) return withLength(value, length);
  const text = value === undefined ? "" : byteStringOf(value);
  const bytes = new Uint8Array(Math.max(length, text.length));
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** Room grows in large steps: so a value that grows byte by byte is copied a few times only. */
function withLength(bytes: Uint8Array, length: number): Uint8Array {
  if (length <= bytes.length) return bytes;
  if (length <= bytes.buffer.byteLength) return new Uint8Array(bytes.buffer, 0, length);
  const larger = new Uint8Array(new ArrayBuffer(Math.ceil(length * 1.5)), 0, length);
  larger.set(bytes);
  return larger;
}

/** Stores bytes that were changed. The key keeps its time to live. */
export function storeBytes(db: Client["db"], key: string, value: StringValue, event: string): void {
  const entry = db.entryOf(key, "string");
  if (entry === undefined) db.set(key, "string", value, event);
  else db.replaceString(entry, value, event);
}
