/**
 * The documented fields of a message: their names as properties and in JSON, and their conversions.
 *
 * @module
 */

import { isTtl } from "../base/checks.ts";
import { isId } from "./gemstone.ts";
import type { JsonObject } from "./json.ts";

/** A sender or recipient. Other keys are kept. */
export interface AgentTag {
  /** Identifier of the agent. */
  id?: string | null;
  /** Readable name. */
  name?: string | null;
}

/** One documented field. */
export interface Field {
  /** Name of the property. */
  readonly name: string;
  /** Name in JSON. */
  readonly wire: string;
  /** True if a value from JSON has the documented shape. */
  readonly isValid: (value: unknown) => boolean;
  /** Converts a valid JSON value to the value of the property. */
  readonly read: (value: unknown) => unknown;
  /** Returns the value of the property if JSON has none. */
  readonly defaultValue: () => unknown;
}

const isString = (value: unknown) => typeof value === "string";
const isNumber = (value: unknown) => typeof value === "number";
const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isArrayOf = (isValid: (value: unknown) => boolean) => (value: unknown) =>
  Array.isArray(value) && value.every(isValid);
const isText = (value: unknown) => value == null || isString(value);
const isAgentTag = (value: unknown) =>
  isObject(value) && isText(value["id"]) && isText(value["name"]);

const identity = (value: unknown) => value;
const toId = (value: unknown) => BigInt(value as number | bigint);
const toIds = (value: unknown) => (value as (number | bigint)[]).map(BigInt);
const nullValue = () => null;

function field(
  name: string,
  wire: string,
  isValid: (value: unknown) => boolean,
  defaultValue: () => unknown,
  read: (value: unknown) => unknown = identity,
): Field {
  return { name, wire, isValid, read, defaultValue };
}

/** A field that may be null. */
function optional(
  name: string,
  wire: string,
  isValid: (value: unknown) => boolean,
  read: (value: unknown) => unknown = identity,
): Field {
  return field(
    name,
    wire,
    (value) => value === null || isValid(value),
    nullValue,
    (value) => value === null ? null : read(value),
  );
}

/** What a program must pass for each field, by the name of the property. */
export const EXPECTED: Readonly<Record<string, string>> = {
  sender: "an object such as { id, name }, with texts",
  topics: "a text or an array of texts",
  payload: "an object",
  format: "a text",
  timestamp: "a number of milliseconds",
  priority: "a whole number from 0 to 7",
  thread: "an array of ids, which are bigints",
  recipientList: "an array of objects such as { id, name }",
  inResponseTo: "an id, which is a bigint, or null",
  conversationId: "an id, which is a bigint, or null",
  forwardHeader: "an object or null",
  routingSlip: "an object or null",
  messageHistory: "an array of objects",
  ttl: "a number of seconds, more than 0, or null",
  isErrorMessage: "true or false",
  traceparent: "a text or null",
  sessionState: "an object or null",
  topicPublishedTo: "a text or null",
  enrichWithHistory: "a number or null",
};

/** All documented fields except `id`, in their order in the JSON of a new message. */
export const FIELDS: readonly Field[] = [
  field("sender", "sender", isAgentTag, () => ({})),
  field("topics", "topics", (value) => isString(value) || isArrayOf(isString)(value), () => []),
  field("payload", "payload", isObject, () => ({})),
  field("format", "format", isString, () => "generic_json"),
  // Undefined: the value in the id.
  field("timestamp", "timestamp", isNumber, () => undefined),
  field(
    "priority",
    "priority",
    (value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 7,
    () => undefined,
  ),
  field("thread", "thread", isArrayOf(isId), () => [], toIds),
  field("recipientList", "recipient_list", isArrayOf(isAgentTag), () => []),
  optional("inResponseTo", "in_response_to", isId, toId),
  optional("conversationId", "conversation_id", isId, toId),
  optional("forwardHeader", "forward_header", isObject),
  optional("routingSlip", "routing_slip", isObject),
  field("messageHistory", "message_history", isArrayOf(isObject), () => []),
  optional("ttl", "ttl", isTtl),
  field(
    "isErrorMessage",
    "is_error_message",
    (value) => typeof value === "boolean",
    () => false,
  ),
  optional("traceparent", "traceparent", isString),
  optional("sessionState", "session_state", isObject),
  optional("topicPublishedTo", "topic_published_to", isString),
  field(
    "enrichWithHistory",
    "enrich_with_history",
    (value) => value === null || isNumber(value),
    () => 0,
  ),
];
