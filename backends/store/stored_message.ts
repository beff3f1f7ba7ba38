/**
 * A message in the store: its JSON text, unchanged, and the fields that the store uses.
 *
 * @module
 */

import { TextSet } from "../../lib/base/text_map.ts";
import { parseId, type Priority, priorityOf, timestampOf } from "../../lib/message/gemstone.ts";
import type { JsonObject } from "../../lib/message/json.ts";
import { jsonMembers, parsedLeniently, parseShallow } from "../../lib/message/json_members.ts";
import { fromPortable } from "../../lib/message/portable.ts";
import { formatValue } from "../../lib/base/options.ts";
import { ENTRY_BYTES } from "./memory_quota.ts";
import { InvalidInputError } from "./errors.ts";
import type { Expiring } from "./expiry.ts";
import { checkTtl, lifetimeOf } from "./names.ts";
import { detached, textBytes } from "./text.ts";

/** The fields that the store reads from a message. */
export interface ParsedMessage {
  /** The JSON text, without surrounding white space. */
  readonly text: string;
  /** The message id. */
  readonly id: bigint;
  /** Timestamp of the message, or else of its id: milliseconds of the Unix epoch, may have a fraction. */
  readonly timestampMs: number;
  /** Seconds from its storing until it expires; undefined: never. */
  readonly lifetimeSeconds: number | undefined;
}

/** The beginning of most messages. */
const FIRST_ID = '{"id":';
const SPACE = 0x20;
const COMMA = 0x2c;
const CLOSE_BRACE = 0x7d;
const ID_NAME = new TextSet(["id"]);

/**
 * Parses the JSON text of a message.
 *
 * @throws {InvalidInputError} if it is not a JSON object with a 64-bit id, or its `ttl` is not a finite number
 */
export function parseMessage(text: string): ParsedMessage {
  return mapSyntaxErrors(() => parsedLeniently(text, parsedExactly));
}

function parsedExactly(text: string): ParsedMessage {
  const fields = fieldsOf(text);
  const id = idOf(text, fields);
  const { timestamp, ttl } = fromPortable(fields);
  if (typeof ttl === "number") checkTtl(ttl);
  return {
    text: detached(text.trim()),
    id,
    timestampMs: Number.isFinite(timestamp) ? timestamp as number : timestampOf(id),
    lifetimeSeconds: lifetimeOf(ttl),
  };
}

/** The fields by `JSON.parse`, which rounds ids. */
function fieldsOf(text: string): JsonObject {
  const value = parseShallow(text);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as JsonObject;
  }
  throw new InvalidInputError(`a message must be a JSON object, not ${formatValue(value)}`);
}

function mapSyntaxErrors<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new InvalidInputError(`a message must be a JSON object: ${error.message}`);
  }
}

function idOf(text: string, fields: JsonObject): bigint {
  const first = firstId(text, fields);
  if (first !== undefined) return first;
  const literal = jsonMembers(text, ID_NAME).get("id");
  const id = literal === undefined ? undefined : parseId(literal);
  if (id !== undefined) return id;
  const found = literal === undefined ? "nothing" : literal.slice(0, 40);
  throw new InvalidInputError(`a message's id must be an integer from 0 to 2^64 - 1, not ${found}`);
}

/** The id at the beginning of a text, which is not read again in full. */
function firstId(text: string, fields: JsonObject): bigint | undefined {
  if (!text.startsWith(FIRST_ID)) return undefined;
  // Python writes a space after a colon.
  const start = FIRST_ID.length + (text.charCodeAt(FIRST_ID.length) === SPACE ? 1 : 0);
  let end = start;
  while (isDigit(text.charCodeAt(end))) end++;
  const id = parseId(text, start, end);
  // A number with a fraction or an exponent goes on, and another member may have the same name.
  return id !== undefined && isEnd(text.charCodeAt(end)) && Number(id) === fields["id"]
    ? id
    : undefined;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function isEnd(code: number): boolean {
  return code === COMMA || code === CLOSE_BRACE;
}

/** A message in a topic. */
export class StoredMessage implements Expiring {
  readonly namespace: string;
  readonly topic: string;
  readonly id: bigint;
  /** Its JSON text. */
  readonly text: string;
  /** Milliseconds of the Unix epoch; may have a fraction. */
  readonly timestampMs: number;
  readonly priority: Priority;
  /** The time in its id. */
  readonly idTimeMs: number;
  readonly expiresAtMs: number;
  /** Bytes that count for `maxBytes`. */
  readonly bytes: number;
  isRemoved = false;
  /** Place in the order of insertion: it orders messages of one id in several namespaces. */
  order = 0;
  /** `order` of the message that it replaced, and of the one that this one had replaced, and so on. */
  firstOrder = 0;
  /** Messages with the same namespace and id that were stored just before and after, in other topics. */
  older: StoredMessage | undefined = undefined;
  newer: StoredMessage | undefined = undefined;
  /** True if other messages had its id while it was in the namespace. */
  hasSameId = false;
  /** Neighbours in the order of insertion. */
  previous: StoredMessage | undefined = undefined;
  next: StoredMessage | undefined = undefined;

  constructor(namespace: string, topic: string, parsed: ParsedMessage, expiresAtMs: number) {
    this.namespace = namespace;
    this.topic = topic;
    this.id = parsed.id;
    this.text = parsed.text;
    this.timestampMs = parsed.timestampMs;
    this.priority = priorityOf(parsed.id);
    this.idTimeMs = timestampOf(parsed.id);
    this.expiresAtMs = expiresAtMs;
    this.bytes = textBytes(parsed.text) + ENTRY_BYTES;
  }

  /** True if its timestamp equals the time in its id, in milliseconds. */
  get isRegular(): boolean {
    return Math.floor(this.timestampMs) === this.idTimeMs;
  }
}
