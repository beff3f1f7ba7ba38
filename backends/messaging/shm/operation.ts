/**
 * What the records of a journal of messages say: a line of JSON with the operation and its arguments,
 * then the text of a message or value.
 *
 * @module
 */

import { ShmCorruptionError } from "../../../lib/base/errors.ts";

/** What is in the records; another version of them gets another name. */
export const FORMAT = "ringbus.messages.1";

/** The operations. Times are milliseconds of the Unix epoch, null for never. */
export interface Operations {
  /** Limits, and what was counted so far: the first record of every copy. */
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
  /** The text is an array with the members' texts. */
  sadd: [key: string];
  /** The text is a value. */
  publish: [channel: string];
  subscribe: [member: string, agent: string, topic: string];
  psubscribe: [member: string, agent: string, pattern: string];
  unsubscribe: [member: string, topic: string];
  punsubscribe: [member: string, pattern: string];
  /** A member has gone, and its subscriptions with it. */
  leave: [member: string];
  /** Time has passed: what has expired goes. */
  tick: [];
}

/** The name of an operation. */
export type OperationName = keyof Operations;

/** An operation with its arguments and its text. */
export type Operation = {
  [Name in OperationName]: { name: Name; args: Operations[Name]; text: string };
}[OperationName];

/** What each argument may be. */
const ARGUMENTS: Record<OperationName, readonly ((value: unknown) => boolean)[]> = {
  config: [isNumber, isNumberOrNull, isNumber, isNumber, isNumber],
  store: [isString, isString, isNumberOrNull],
  set: [isString, isNumberOrNull],
  hset: [isString, isString],
  sadd: [isString],
  publish: [isString],
  subscribe: [isString, isAgent, isString],
  psubscribe: [isString, isAgent, isString],
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

function isAgent(value: unknown): boolean {
  return typeof value === "string" && /^-?[0-9]{1,20}$/.test(value);
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A record's bytes. */
export function encodeOperation<Name extends OperationName>(
  name: Name,
  args: Operations[Name],
  text: string = "",
): Uint8Array<ArrayBuffer> {
  return encoder.encode(`${JSON.stringify([name, ...args])}\n${text}`);
}

/**
 * Reads a record.
 *
 * @throws {ShmCorruptionError} if it is none that `encodeOperation` makes
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
    // Told below.
  }
  throw new ShmCorruptionError(
    `a record of ${bytes.length} bytes in a journal of messages is no operation: some process ` +
      "wrote where it should not; close all backends and delete the journal with removeStale()",
  );
}

function isOperation(name: unknown, args: unknown[]): boolean {
  if (typeof name !== "string" || !Object.hasOwn(ARGUMENTS, name)) return false;
  const checks = ARGUMENTS[name as OperationName];
  return checks.length === args.length && checks.every((check, i) => check(args[i]));
}
