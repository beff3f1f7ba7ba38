/**
 * The definition of a channel with a schema: its options, and how they become those of a socket.
 *
 * @module
 */

import { directoryPath, flag, isObject, oneOf } from "../base/option_checks.ts";
import { OptionRules } from "../base/option_rules.ts";
import { formatValue } from "../base/options.ts";
import { checkCapacity } from "../channel/channel_options.ts";
import {
  type MessageCheck,
  type MessageChecks,
  withMessageChecks,
} from "../channel/message_checks.ts";
import { type CodecName, resolveCodec } from "../codecs/builtin.ts";
import type { Codec } from "../codecs/codec.ts";
import {
  CHECKING_SIDES,
  type CheckingSide,
  checkSchema,
  checkValue,
  isAsked,
} from "../schema/schema_check.ts";
import { rejectOwnOptions } from "../schema/own_options.ts";
import type { AnySchema } from "../schema/standard_schema.ts";

/** The schemas of a channel of requests. */
export interface RequestReplySchema {
  /** Of requests. */
  readonly request: AnySchema;
  /** Of replies. */
  readonly reply: AnySchema;
  /** Of the parts of streamed replies. Default: that of replies. */
  readonly part?: AnySchema | undefined;
}

/** How messages are distributed. */
export type ChannelPattern = "publish/subscribe" | "push/pull" | "request/reply" | "latest";

/** The patterns of channels. */
export const CHANNEL_PATTERNS: readonly ChannelPattern[] = [
  "publish/subscribe",
  "push/pull",
  "request/reply",
  "latest",
];

/** What all definitions of channels have. */
export interface SharedDefinition {
  readonly pattern: ChannelPattern;
  readonly schema: AnySchema | RequestReplySchema;
  readonly codec?: CodecName | Codec | undefined;
  readonly check?: CheckingSide | undefined;
  readonly capacityBytes?: number | undefined;
  readonly dir?: string | undefined;
  readonly persist?: boolean | undefined;
}

const SCHEMAS = new OptionRules<RequestReplySchema>("schema", {
  request: checkSchema,
  reply: checkSchema,
  part: checkSchema,
});

const OPTIONS = new OptionRules<SharedDefinition>("defineChannel()", {
  pattern: oneOf(...CHANNEL_PATTERNS),
  schema: (_name, value) => value as AnySchema,
  codec: (_name, value) => resolveCodec(value as CodecName),
  check: oneOf(...CHECKING_SIDES),
  capacityBytes: (_name, value) => checkCapacity(value),
  dir: directoryPath,
  persist: flag,
}, {
  validate: 'pass check: "sender", "receiver" or "none"',
  history: "pass it to publisher()",
  since: "pass it to subscriber()",
  ack: "pass it to puller()",
});

/**
 * Checks the definition of a channel.
 *
 * @throws {TypeError | RangeError} if an option is missing, unknown or invalid
 */
export function checkDefinition(definition: SharedDefinition): void {
  OPTIONS.require(definition);
  const { pattern, schema } = definition;
  oneOf(...CHANNEL_PATTERNS)("pattern", pattern);
  if (pattern !== "request/reply") return void checkSchema("schema", schema);
  if (typeof schema !== "object" || schema === null || "~standard" in schema) {
    throw new TypeError(
      'schema must be { request, reply } for the pattern "request/reply", a schema for each, not ' +
        ("~standard" in Object(schema) ? "one schema" : formatValue(schema)),
    );
  }
  SCHEMAS.require(schema);
  checkSchema("request", schema.request);
  checkSchema("reply", schema.reply);
}

/** What a socket of a channel does with values. */
export interface ValueSchemas {
  /** Of what it sends. */
  readonly outgoing?: AnySchema | undefined;
  readonly outgoingPart?: AnySchema | undefined;
  /** Of what it receives. */
  readonly incoming?: AnySchema | undefined;
  readonly incomingPart?: AnySchema | undefined;
}

/** The words of errors. */
interface Words {
  readonly sending: string;
  readonly received: string;
  readonly lost?: string;
}

/** What errors call the messages of a channel, and its replies. */
const MESSAGES: Words = {
  sending: "cannot send on",
  received: "a message on",
  lost: "it is lost, the next one is not",
};
const REQUESTS: Words = { sending: "cannot send a request on", received: "a reply on" };
const REPLIES: Words = { sending: "cannot reply on", received: "a request on" };
const VALUES: Words = { sending: "cannot set a value of", received: "a value of" };

const WORDS = {
  publisher: MESSAGES,
  subscriber: MESSAGES,
  pusher: MESSAGES,
  puller: MESSAGES,
  requester: REQUESTS,
  replier: REPLIES,
  latest: VALUES,
} as const;

/** What opens a socket of a channel: its method. */
export type Opening = keyof typeof WORDS;

const OWN_OPTIONS = ["codec", "schema", "check", "pattern"];

/**
 * The options of a socket: those of the definition, and those of the call before them.
 *
 * @throws {TypeError} if the call has an option that the definition alone decides
 */
export function socketOptionsOf<O extends object>(
  name: string,
  definition: SharedDefinition,
  opening: Opening,
  schemas: ValueSchemas,
  options: O | undefined,
): O {
  rejectOwnOptions(`${opening}()`, "defineChannel()", name, OWN_OPTIONS, options);
  const { codec = "msgpack", capacityBytes, dir, persist } = definition;
  const shared = opening === "latest"
    ? { codec, dir, persist }
    : { codec, dir, persist, capacityBytes };
  // The socket rejects it, and says what it takes.
  if (options !== undefined && !isObject(options)) return options;
  const checks = checksFor(name, definition, WORDS[opening], schemas);
  return withMessageChecks({ ...shared, ...options } as O, checks);
}

function checksFor(
  name: string,
  { check: side = "sender" }: SharedDefinition,
  { sending, received, lost }: Words,
  { outgoing, outgoingPart, incoming, incomingPart }: ValueSchemas,
): MessageChecks {
  const channel = `channel "${name}"`;
  if (side === "sender") {
    const place = { subject: `${sending} ${channel}: the value` };
    return { outgoing: checkOf(outgoing, place), outgoingPart: checkOf(outgoingPart, place) };
  }
  if (side === "none") return {};
  const place = {
    subject: `${received} ${channel}`,
    ...(lost === undefined ? {} : { consequence: lost }),
  };
  return { incoming: checkOf(incoming, place), incomingPart: checkOf(incomingPart, place) };
}

function checkOf(
  schema: AnySchema | undefined,
  place: { subject: string; consequence?: string },
): MessageCheck | undefined {
  if (schema === undefined || !isAsked(schema)) return undefined;
  return (value) => checkValue(schema, value, place);
}
