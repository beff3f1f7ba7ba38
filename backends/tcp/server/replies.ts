/**
 * The lines of the server: replies, errors and pushes.
 *
 * @module
 */

import type { StoredMessage } from "../../store/stored_message.ts";
import type { Delivery } from "../../store/subscription.ts";
import type { TopicInfo } from "../../store/topics.ts";
import { type Value, valueBytes, valueToJson } from "../../store/value.ts";
import type { CommandContext } from "./command.ts";
import { RepeatedReplies } from "./repeated_replies.ts";
import { encodedArgument, textArgument, valueArgument } from "../protocol/arguments.ts";

/** Smaller values do not count: the objects of a connection are of this size, too. */
const FREE_BYTES = 4096;

/** What limits the size of replies. */
export type ReplyLimits = Pick<CommandContext, "checkReply" | "checkValue">;

/** A topic has the same list until it changes. */
const replies = new RepeatedReplies<readonly StoredMessage[]>();

/** The reply with messages. */
export function messagesReply(messages: readonly StoredMessage[], limits: ReplyLimits): string {
  let bytes = 0;
  for (const message of messages) bytes += message.bytes;
  limits.checkReply(bytes, "request less");
  return replies.get(messages, () => makeMessagesReply(messages));
}

function makeMessagesReply(messages: readonly StoredMessage[]): string {
  return `MESSAGES ${encodedArgument(`[${messages.map(({ text }) => text).join(",")}]`)}`;
}

/** The reply with a value, or with none. */
export function valueReply(value: Value | undefined, limits: ReplyLimits): string {
  if (value === undefined) return "NULL";
  const bytes = valueBytes(value);
  if (bytes > FREE_BYTES) limits.checkValue(bytes);
  return `VALUE ${valueArgument(value)}`;
}

/** The reply with values. */
export function valuesReply(values: readonly Value[], limits: ReplyLimits): string {
  limits.checkReply(sum(values.map(valueBytes)), "keep less in one key");
  return `VALUES ${encodedArgument(`[${values.map(valueToJson)}]`)}`;
}

/** The reply with names and values. */
export function fieldsReply(
  fields: readonly (readonly [string, Value])[],
  limits: ReplyLimits,
): string {
  const bytes = sum(fields.map(([name, value]) => name.length + valueBytes(value)));
  limits.checkReply(bytes, "keep less in one key");
  const members = fields.map(([name, value]) => `${JSON.stringify(name)}:${valueToJson(value)}`);
  return `FIELDS ${encodedArgument(`{${members}}`)}`;
}

/** The reply with topics. */
export function topicsReply(topics: readonly TopicInfo[], limits: ReplyLimits): string {
  const text = JSON.stringify(topics);
  limits.checkReply(text.length, "keep fewer topics");
  return `TOPICS ${encodedArgument(text)}`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

const MAX_ERROR_LENGTH = 300;
// deno-lint-ignore no-control-regex
const UNQUOTABLE = /[\u0000-\u001f\u007f-\u009f"]/g;

/** The reply with an error. Its text is in quotes, which have no escapes. */
export function errorReply(message: string): string {
  const shown = message.length > MAX_ERROR_LENGTH
    ? `${message.slice(0, MAX_ERROR_LENGTH)}...`
    : message;
  const text = shown.toWellFormed().replace(
    UNQUOTABLE,
    (character) => character === '"' ? "'" : " ",
  );
  return `ERROR "${text}"`;
}

/** Lines by delivery: all subscribers to a topic get the same line. */
const lines = new WeakMap<Delivery, string>();

/** The line with a delivery for a subscriber, and with the headers of the publisher if there are any. */
export function pushLine(delivery: Delivery, withHeaders: boolean): string {
  let line = lines.get(delivery);
  if (line === undefined) lines.set(delivery, line = makePushLine(delivery));
  if (!withHeaders || delivery.kind !== "published" || delivery.headers === undefined) return line;
  return `${line} ${encodedArgument(JSON.stringify(delivery.headers))}`;
}

function makePushLine(delivery: Delivery): string {
  const { topic, pattern } = delivery;
  const content = delivery.kind === "stored"
    ? encodedArgument(delivery.message.text)
    : valueArgument(delivery.value);
  const through = pattern === undefined ? "MESSAGE" : `PMESSAGE ${textArgument(pattern)}`;
  return `${through} ${textArgument(topic)} ${content}`;
}
