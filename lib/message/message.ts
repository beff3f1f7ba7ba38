/**
 * The message that every messaging backend stores and delivers.
 *
 * @module
 */

import { checkId, GemstoneId, isId, type Priority, priorityOf, timestampOf } from "./gemstone.ts";
import { type JsonObject, parseJson, stringifyJson, withRawIntegers } from "./json.ts";
import { type AgentTag, type Field, FIELDS } from "./fields.ts";
import { formatValue } from "../base/options.ts";

/** What a new message is made of. One of `id` and `idObj` must be there. */
export interface MessageInit {
  /** The message id, 64 bits. */
  id?: bigint;
  /** The message id as a generator gives it, in place of `id`. */
  idObj?: GemstoneId;
  /** Who sends it. */
  sender: AgentTag;
  /** The topic or topics that it is for. */
  topics: string | string[];
  /** The content. */
  payload: JsonObject;
  /** Format of the content; `"generic_json"` when left out. */
  format?: string;
  /** Milliseconds of the Unix epoch; the time in the id when left out. */
  timestamp?: number;
  /** Urgency; the priority in the id when left out. */
  priority?: Priority;
  /** Ids of the messages of its thread. */
  thread?: bigint[];
  /** Who it is for. */
  recipientList?: AgentTag[];
  /** Id of the message that it answers. */
  inResponseTo?: bigint | null;
  /** Id of its conversation. */
  conversationId?: bigint | null;
  /** On whose behalf it was forwarded. */
  forwardHeader?: JsonObject | null;
  /** Where it is to go next. */
  routingSlip?: JsonObject | null;
  /** Where it has been. */
  messageHistory?: JsonObject[];
  /** Seconds after which stores forget it, more than 0; null or left out: never. */
  ttl?: number | null;
  /** True if it tells of an error. */
  isErrorMessage?: boolean;
  /** W3C trace context. */
  traceparent?: string | null;
  /** State of the session. */
  sessionState?: JsonObject | null;
  /** The topic it was published to. */
  topicPublishedTo?: string | null;
  /** How many earlier messages are wanted with it. */
  enrichWithHistory?: number | null;
  /** Fields that are not documented, by their names in JSON. */
  extra?: JsonObject;
}

/**
 * A message: an id, a sender, topics, a payload, and fields that say how it is to be handled.
 *
 * Its fields cannot be assigned; `new Message({ ...message, payload })` makes a changed copy. What
 * JSON calls `recipient_list` is `recipientList` here, and so on; ids are bigints.
 *
 * @example
 * ```ts
 * import { GemstoneGenerator, Message } from "@ringbus/ringbus";
 *
 * const generator = new GemstoneGenerator(1);
 * const message = new Message({
 *   idObj: generator.getId(),
 *   sender: { id: "sensor-7", name: "Sensor 7" },
 *   topics: "temperatures",
 *   payload: { celsius: 21.5 },
 * });
 * console.log(message.id, message.priority, message.payload.celsius);
 * ```
 */
export class Message {
  /** The message id, 64 bits. */
  declare readonly id: bigint;
  /** Who sends it. */
  declare readonly sender: AgentTag;
  /** The topic or topics that it is for. */
  declare readonly topics: string | string[];
  /** The content. */
  declare readonly payload: JsonObject;
  /** Format of the content, `"generic_json"` unless told otherwise. */
  declare readonly format: string;
  /** Milliseconds of the Unix epoch. */
  declare readonly timestamp: number;
  /** Urgency, 0 (`URGENT`) to 7 (`LOWEST`). */
  declare readonly priority: Priority;
  /** Ids of the messages of its thread. */
  declare readonly thread: bigint[];
  /** Who it is for. */
  declare readonly recipientList: AgentTag[];
  /** Id of the message that it answers. */
  declare readonly inResponseTo: bigint | null;
  /** Id of its conversation. */
  declare readonly conversationId: bigint | null;
  /** On whose behalf it was forwarded. */
  declare readonly forwardHeader: JsonObject | null;
  /** Where it is to go next. */
  declare readonly routingSlip: JsonObject | null;
  /** Where it has been. */
  declare readonly messageHistory: JsonObject[];
  /** Seconds after which stores forget it; null: never. */
  declare readonly ttl: number | null;
  /** True if it tells of an error. */
  declare readonly isErrorMessage: boolean;
  /** W3C trace context. */
  declare readonly traceparent: string | null;
  /** State of the session. */
  declare readonly sessionState: JsonObject | null;
  /** The topic it was published to. */
  declare readonly topicPublishedTo: string | null;
  /** How many earlier messages are wanted with it. */
  declare readonly enrichWithHistory: number | null;
  /** Fields that are not documented, or not of the documented shape, by their names in JSON. */
  declare readonly extra: JsonObject;
  /** Names in JSON, in their order. */
  #keys: readonly string[];

  /**
   * Makes a message.
   *
   * @throws {TypeError} if there is no id or two, or a field has not the documented shape
   * @throws {RangeError} if the id does not fit 64 bits, or `ttl` is not more than 0
   */
  constructor(init: MessageInit) {
    const own = this as unknown as Record<string, unknown>;
    const id = idOf(init);
    own.id = id;
    for (const field of FIELDS) own[field.name] = valueOf(init, field);
    own.timestamp ??= timestampOf(id);
    own.priority ??= priorityOf(id);
    own.extra = { ...init.extra };
    this.#keys = keysOf(init);
  }

  /**
   * The message that a JSON value describes, with ids as numbers or bigints. A field that is missing
   * gets its documented default, and one that has not the documented shape is kept in `extra`.
   *
   * @throws {TypeError} if it is no object, or has no `id` of 64 bits
   */
  static fromJson(json: unknown): Message {
    const message = new Message(initOf(json));
    message.#keys = Object.keys(json as JsonObject);
    return message;
  }

  /**
   * The message that a JSON text describes, every digit of its integers kept.
   *
   * @throws {SyntaxError} if it is no JSON
   * @throws {TypeError} if it is no object, or has no `id` of 64 bits
   */
  static parse(text: string): Message {
    return Message.fromJson(parseJson(text));
  }

  /** The id with its parts. */
  get idObj(): GemstoneId {
    return GemstoneId.fromInt(this.id);
  }

  /**
   * The message under the names and in the order of JSON, with ids as bigints: a message that was read
   * has the fields it came with, a new one those that were given and `format`, `timestamp`, `priority`.
   */
  toObject(): JsonObject {
    const own = this as unknown as Record<string, unknown>;
    return Object.fromEntries(this.#keys.map((key) => [
      key,
      Object.hasOwn(this.extra, key) ? this.extra[key] : own[NAMES.get(key)!],
    ]));
  }

  /** The message as JSON text, ids as bare integers. */
  stringify(): string {
    return stringifyJson(this.toObject());
  }

  /** What `JSON.stringify` writes: the same as `stringify`. */
  toJSON(): unknown {
    return withRawIntegers(this.toObject());
  }
}

const NAMES: ReadonlyMap<string, string> = new Map([
  ["id", "id"],
  ...FIELDS.map(({ wire, name }): [string, string] => [wire, name]),
]);
const ALWAYS_WRITTEN: ReadonlySet<string> = new Set(["format", "timestamp", "priority"]);
const REQUIRED: ReadonlySet<string> = new Set(["sender", "topics", "payload"]);

function idOf({ id, idObj }: MessageInit): bigint {
  if ((id === undefined) === (idObj === undefined)) {
    throw new TypeError("cannot make a message: give it one id, as id or as idObj");
  }
  return checkId(id ?? idObj!.toInt());
}

function given(init: MessageInit, { name }: Field): unknown {
  return (init as unknown as Record<string, unknown>)[name];
}

function valueOf(init: MessageInit, field: Field): unknown {
  const value = given(init, field);
  if (value === undefined && !REQUIRED.has(field.name)) return field.defaultValue();
  if (field.isValid(value)) return field.read(value);
  if (field.name === "ttl") {
    throw new RangeError(`ttl must be a number of seconds, more than 0, not ${formatValue(value)}`);
  }
  throw new TypeError(`cannot make a message: its ${field.name} cannot be ${formatValue(value)}`);
}

/** Names in JSON: the documented ones in their order, then the others. */
function keysOf(init: MessageInit): string[] {
  const documented = FIELDS.filter((field) =>
    given(init, field) !== undefined || ALWAYS_WRITTEN.has(field.name)
  );
  const keys = ["id", ...documented.map(({ wire }) => wire)];
  return [...new Set([...keys, ...Object.keys(init.extra ?? {})])];
}

function initOf(json: unknown): MessageInit {
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new TypeError(
      `cannot read a message: it must be a JSON object, not ${formatValue(json)}`,
    );
  }
  const fields = json as JsonObject;
  if (!isId(fields.id)) {
    throw new TypeError(
      `cannot read a message: its id must be an integer of 64 bits, not ${formatValue(fields.id)}`,
    );
  }
  const init: Record<string, unknown> = {
    id: BigInt(fields.id),
    sender: {},
    topics: [],
    payload: {},
  };
  const extra = new Map(Object.entries(fields));
  extra.delete("id");
  for (const { name, wire, isValid } of FIELDS) {
    if (!extra.has(wire) || !isValid(fields[wire])) continue;
    init[name] = fields[wire];
    extra.delete(wire);
  }
  init.extra = Object.fromEntries(extra);
  return init as unknown as MessageInit;
}
