/**
 * The records of a journal of messages: a line of JSON with the operation and its arguments, then the
 * text of a message or value.
 *
 * @module
 */

import { ShmCorruptionError } from "../../../lib/base/errors.ts";

/** Name of the format of the records. Another version needs another name. */
export const FORMAT = "ringbus.messages.1";

/** The arguments of each operation. Times are milliseconds since 1970, or null for never. */
export interface Operations {
  /** The limits and the counters: the first record of every snapshot. */
  config: [
    maxBytes: number,
    maxMessagesPerTopic: number | null,
    stored: number,
    evicted: number,
    expired: number,
  ];
  /** The text is a message. */
  store: [namespace: string, topic: string, expiresAtMs: number | null];
  /** The text is a value. */
  set: [key: string, expiresAtMs: number | null];
  /** The text is a value. */
  hset: [key: string, field: string];
  /** The text is an array with the texts of the members. */
  sadd: [key: string];
  /** The text is a value. */
  publish: [channel: string];
  subscribe: [member: string, isolate: string, topic: string];
  psubscribe: [member: string, isolate: string, pattern: string];
  unsubscribe: [member: string, topic: string];
  punsubscribe: [member: string, pattern: string];
  /** Removes a member with its subscriptions. */
  leave: [member: string];
  /** Removes what has expired at the time of the record. */
  tick: [];
}

/** The name of an operation. */
export type OperationName = keyof Operations;

/** An operation with its arguments and its text. */
export type Operation = {
  [Name in OperationName]: { name: Name; args: Operations[Name]; text: string };
}[OperationName];

/** The types of the arguments. */
const ARGUMENTS: Record<OperationName, readonly ((value: unknown) => boolean)[]> = {
  config: [isNumber, isNumberOrNull, isNumber, isNumber, isNumber],
  store: [isString, isString, isNumberOrNull],
  set: [isString, isNumberOrNull],
  hset: [isString, isString],
  sadd: [isString],
  publish: [isString],
  subscribe: [isString, isIsolate, isString],
  psubscribe: [isString, isIsolate, isString],
  unsubscribe: [isString, isString],
  punsubscribe: [isString, isString],
  leave: [isString],
  tick: [],
};

function isString(value: unknown): boolean {
  return typeof value === "string";
}

function isNumber(value: unknown): boolean {
  return typeof value === "number" && value >= 0;
}

function isNumberOrNull(value: unknown): boolean {
  return value === null || isNumber(value);
}

function isIsolate(value: unknown): boolean {
  return typeof value === "string" && /^-?[0-9]{1,20}$/.test(value);
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Encodes a record. */
export function encodeOperation<Name extends OperationName>(
  name: Name,
  args: Operations[Name],
  text: string = "",
): Uint8Array<ArrayBuffer> {
  return encoder.encode(`${JSON.stringify([name, ...args])}\n${text}`);
}

/**
 * Decodes a record.
 *
 * @throws {ShmCorruptionError} if `encodeOperation` does not make such a record
 */
export function decodeOperation(bytes: Uint8Array<ArrayBuffer>): Operation {
  try {
    const all = decoder.decode(bytes);
    const end = all.indexOf("\n");
    const [name, ...args] = JSON.parse(all.slice(0, end));
    if (end > 0 && isOperation(name, args)) {
      return { name, args, text: all.slice(end + 1) } as Operation;
    }
  } catch {
    // Reported below.
  }
  throw new ShmCorruptionError(
    `a record of ${bytes.length} bytes in a journal of messages is not an operation: a process ` +
      "has overwritten it; close all backends and delete the journal with removeStale()",
  );
}

function isOperation(name: unknown, args: unknown[]): boolean {
  if (typeof name !== "string" || !Object.hasOwn(ARGUMENTS, name)) return false;
  const checks = ARGUMENTS[name as OperationName];
  return checks.length === args.length && checks.every((check, i) => check(args[i]));
}
