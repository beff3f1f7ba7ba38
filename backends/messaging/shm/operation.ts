/**
 * The records of a journal of messages: a line of JSON with the name of an operation and its arguments,
 * then the text of a message or value. Which operations of the store are journaled, and their arguments,
 * follow from their declarations.
 *
 * @module
 */

import { pluralize } from "../../../lib/base/pluralize.ts";
import { type ContextHeaders, contextHeadersOf } from "../../../lib/base/context_headers.ts";
import { ShmCorruptionError } from "../../../lib/base/errors.ts";
import { parseShallow } from "../../../lib/message/json_members.ts";
import type { ArgumentKind, Arguments, ArgumentValues } from "../../store/arguments.ts";
import { InvalidInputError } from "../../store/errors.ts";
import { notCarried, type Operation } from "../../store/operation.ts";
import { ALL_OPERATIONS } from "../../store/operations.ts";
import { type Value, valueOfJson, valueToJson } from "../../store/value.ts";

/** Name of the format of the records. Another version needs another name. */
export const FORMAT = "ringbus.messages.4";

/** The limits that all members share. */
export const LIMIT_NAMES = ["maxBytes", "maxMessagesPerTopic"] as const;

/** The name of a limit. */
export type LimitName = typeof LIMIT_NAMES[number];

/** Records of the journal itself, with their fields. */
export interface ControlFields {
  /** The limits and the counters: the first record of every snapshot. */
  config: [
    maxBytes: number,
    maxMessagesPerTopic: number | null,
    stored: number,
    evicted: number,
    expired: number,
    asked: LimitName[],
  ];
  /** Limits that a member asks for, in place of defaults. */
  limits: [maxBytes: number, maxMessagesPerTopic: number | null, asked: LimitName[]];
  /** Removes a member with its subscriptions. */
  leave: [member: string];
  /** Removes what has expired at the time of the record. */
  tick: [];
}

/** A decoded record of the journal itself. */
export type ControlRecord = {
  [Name in keyof ControlFields]: { control: Name; fields: ControlFields[Name] };
}[keyof ControlFields];

/** A decoded record of an operation of the store. */
export interface OperationRecord {
  readonly control?: undefined;
  readonly operation: Operation;
  /** Name of the member that called it, for an operation on its subscriptions. */
  readonly member: string;
  /** Isolate of that member, if the operation makes it a subscriber. */
  readonly isolate: bigint;
  /** When what it stores expires, in milliseconds of the Unix epoch; null for never. */
  readonly expiresAtMs: number | null;
  /** Trace context and baggage of the caller, for an operation that takes them. */
  readonly headers: ContextHeaders | undefined;
  /** Its arguments that are names and keys. */
  readonly names: Readonly<Record<string, string>>;
  /** Its argument that is a message or a value. */
  readonly text: string;
}

/** What a record needs beside the arguments of its operation. */
export interface RecordContext {
  /** The calling member, for an operation on its subscriptions. */
  readonly member?: { readonly name: string; readonly isolate: bigint } | undefined;
  /** Trace context and baggage of the caller. */
  readonly headers?: ContextHeaders | undefined;
  /** Converts a time to live into the time of expiry. */
  expiresAtMs(ttlSeconds: number): number;
}

type Check = (value: unknown) => boolean;

/** A field of a record: its check, and where it comes from. */
interface Field {
  readonly name: string;
  readonly source: "member" | "isolate" | "name" | "expiry" | "headers";
  readonly check: Check;
}

/** What the records of an operation look like. */
interface RecordLayout {
  readonly operation: Operation;
  readonly fields: readonly Field[];
  /** The argument that is the text of the record. */
  readonly text: { readonly name: string; readonly kind: ArgumentKind } | undefined;
}

const isString: Check = (value) => typeof value === "string";
const isNumber: Check = (value) => typeof value === "number" && value >= 0;
const isNumberOrNull: Check = (value) => value === null || isNumber(value);
const isLimitNames: Check = (value) =>
  Array.isArray(value) && value.every((name) => LIMIT_NAMES.includes(name));
const isIsolate: Check = (value) => typeof value === "string" && /^-?[0-9]{1,20}$/.test(value);

const isHeadersOrNull: Check = (value) =>
  value === null || typeof value === "object" && contextHeadersOf(value) !== undefined;

const HEADERS_FIELD: Field = { name: "headers", source: "headers", check: isHeadersOrNull };

const CONTROL_CHECKS: Readonly<Record<string, readonly Check[]>> = {
  config: [isNumber, isNumberOrNull, isNumber, isNumber, isNumber, isLimitNames],
  limits: [isNumber, isNumberOrNull, isLimitNames],
  leave: [isString],
  tick: [],
};

const TEXT_KINDS: readonly ArgumentKind[] = ["message", "value", "values"];

const LAYOUTS: ReadonlyMap<string, RecordLayout> = new Map(
  ALL_OPERATIONS.filter(({ isJournaled }) => isJournaled)
    .map((operation) => [operation.name, layoutOf(operation)]),
);

function layoutOf(operation: Operation): RecordLayout {
  const declared = Object.entries(operation.arguments);
  const text = declared.find(([, { kind }]) => TEXT_KINDS.includes(kind));
  const fields = declared.filter((each) => each !== text)
    .map(([name, { kind }]) => fieldOf(name, kind));
  const headers = operation.takesHeaders ? [HEADERS_FIELD] : [];
  return {
    operation,
    fields: [...subscriberFields(operation), ...fields, ...headers],
    text: text && { name: text[0], kind: text[1].kind },
  };
}

function fieldOf(name: string, kind: ArgumentKind): Field {
  if (kind === "text") return { name, source: "name", check: isString };
  if (kind === "seconds") return { name, source: "expiry", check: isNumberOrNull };
  throw notCarried("a record of the journal", `an argument of kind ${kind}`);
}

function subscriberFields({ subscriber }: Operation): Field[] {
  const member: Field = { name: "member", source: "member", check: isString };
  if (subscriber === undefined) return [];
  if (subscriber === "existing") return [member];
  return [member, { name: "isolate", source: "isolate", check: isIsolate }];
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Encodes a record. */
export function encodeRecord(
  name: string,
  fields: readonly unknown[],
  text: string = "",
): Uint8Array<ArrayBuffer> {
  return encoder.encode(`${JSON.stringify([name, ...fields])}\n${text}`);
}

/** Encodes the record of an operation. */
export function encodeOperation<A extends Arguments>(
  { name }: Operation<A>,
  values: ArgumentValues<A>,
  context: RecordContext,
): Uint8Array<ArrayBuffer> {
  const { fields, text } = LAYOUTS.get(name)!;
  return encodeRecord(
    name,
    fields.map((field) => fieldValue(field, values, context)),
    text && textOf(text.kind, values[text.name]),
  );
}

function fieldValue(
  { name, source }: Field,
  values: Readonly<Record<string, unknown>>,
  context: RecordContext,
): unknown {
  const { member, headers } = context;
  if (source === "name") return values[name];
  if (source === "headers") return headers ?? null;
  if (source === "member") return member!.name;
  if (source === "isolate") return String(member!.isolate);
  return values[name] === undefined ? null : context.expiresAtMs(values[name] as number);
}

function textOf(kind: ArgumentKind, value: unknown): string {
  if (kind === "message") return value as string;
  if (kind === "value") return valueToJson(value as Value);
  return JSON.stringify((value as readonly Value[]).map(valueToJson));
}

/**
 * Decodes a record.
 *
 * @throws {ShmCorruptionError} if `encodeRecord` does not write such a record
 */
export function decodeRecord(bytes: Uint8Array<ArrayBuffer>): ControlRecord | OperationRecord {
  try {
    const all = decoder.decode(bytes);
    const end = all.indexOf("\n");
    const [name, ...fields] = parseShallow(all.slice(0, end)) as unknown[];
    const record = end > 0 && typeof name === "string"
      ? recordOf(name, fields, all.slice(end + 1))
      : undefined;
    if (record !== undefined) return record;
  } catch {
    // Reported below.
  }
  throw new ShmCorruptionError(
    `a record of ${pluralize(bytes.length, "byte")} in a journal of messages is not an ` +
      `operation: a process ` +
      "has overwritten it; close all backends and delete the journal with removeStale()",
  );
}

function recordOf(
  name: string,
  fields: readonly unknown[],
  text: string,
): ControlRecord | OperationRecord | undefined {
  const layout = LAYOUTS.get(name);
  if (layout !== undefined) {
    const checks = layout.fields.map(({ check }) => check);
    return isValid(fields, checks) ? operationRecord(layout, fields, text) : undefined;
  }
  if (!Object.hasOwn(CONTROL_CHECKS, name)) return undefined;
  return isValid(fields, CONTROL_CHECKS[name])
    ? { control: name, fields } as ControlRecord
    : undefined;
}

function isValid(fields: readonly unknown[], checks: readonly Check[]): boolean {
  return fields.length === checks.length && checks.every((check, i) => check(fields[i]));
}

function operationRecord(
  { operation, fields: layout }: RecordLayout,
  fields: readonly unknown[],
  text: string,
): OperationRecord {
  const bySource = (source: Field["source"]) =>
    fields[layout.findIndex((field) => field.source === source)];
  const names = layout.flatMap(({ name, source }, i) =>
    source === "name" ? [[name, fields[i] as string]] : []
  );
  return {
    operation,
    member: bySource("member") as string,
    isolate: BigInt(bySource("isolate") as string ?? 0),
    expiresAtMs: bySource("expiry") as number ?? null,
    headers: bySource("headers") as ContextHeaders ?? undefined,
    names: Object.fromEntries(names),
    text,
  };
}

/**
 * The arguments of a record's operation.
 *
 * @param ttlSeconds takes the place of the time of expiry
 * @throws {InvalidInputError} if the text is not what the operation takes
 */
export function valuesOf(
  { operation, names, text }: OperationRecord,
  ttlSeconds: number | undefined,
): ArgumentValues<Arguments> {
  const { text: declared, fields } = LAYOUTS.get(operation.name)!;
  const values: Record<string, unknown> = { ...names };
  const expiry = fields.find(({ source }) => source === "expiry");
  if (expiry !== undefined) values[expiry.name] = ttlSeconds;
  if (declared !== undefined) values[declared.name] = parseText(declared.kind, text);
  return values as ArgumentValues<Arguments>;
}

/**
 * A member writes only what this parses, but another process may write anything: that has the effect of a
 * rejected value.
 */
function parseText(kind: ArgumentKind, text: string): unknown {
  if (kind === "message") return text;
  return kind === "value" ? parseValue(text) : parseValues(text);
}

function parseValue(text: string): Value {
  parsed(text);
  return valueOfJson(text);
}

function parseValues(text: string): Value[] {
  const members = parsed(text);
  if (Array.isArray(members) && members.every((each) => typeof each === "string")) {
    return members.map(parseValue);
  }
  throw new InvalidInputError("members must be an array of JSON texts");
}

function parsed(text: string): unknown {
  try {
    return parseShallow(text);
  } catch (cause) {
    throw new InvalidInputError(`a value must be JSON: ${cause}`, { cause });
  }
}
