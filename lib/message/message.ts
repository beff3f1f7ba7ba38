/**
 * The message that every messaging backend stores and delivers.
 *
 * @module
 */

import { checkNoMore } from "../base/checks.ts";
import { checkId, GemstoneId, isId, type Priority, priorityOf, timestampOf } from "./gemstone.ts";
import {
  type JsonObject,
  parseJson,
  stringifyJson,
  stringifyWithId,
  withRawIntegers,
} from "./json.ts";
import { setMember } from "../base/json_scanner.ts";
import { type AgentTag, EXPECTED, type Field, FIELDS } from "./fields.ts";
import { fromPortable, problemForPython, toPortable } from "./portable.ts";
import { anyValue, instanceOf, object } from "../base/option_checks.ts";
import { OptionRules } from "../base/option_rules.ts";
import { formatValue } from "../base/options.ts";

/** The fields of a new message. Exactly one of `id` and `idObj` is required. */
export interface MessageInit {
  /** The message id, 64 bits. */
  id?: bigint | undefined;
  /** The message id from a generator, instead of `id`. */
  idObj?: GemstoneId | undefined;
  /** The sender. */
  sender: AgentTag;
  /** The topic or topics of the message. */
  topics: string | string[];
  /** The content. */
  payload: JsonObject;
  /** Format of the content. Default: `"generic_json"`. */
  format?: string | undefined;
  /** Milliseconds of the Unix epoch. Default: the time in the id. */
  timestamp?: number | undefined;
  /** Urgency. Default: the priority in the id. */
  priority?: Priority | undefined;
  /** Ids of the messages in its thread. */
  thread?: bigint[] | undefined;
  /** The recipients. */
  recipientList?: AgentTag[] | undefined;
  /** Id of the message to which this one replies. */
  inResponseTo?: bigint | null | undefined;
  /** Id of its conversation. */
  conversationId?: bigint | null | undefined;
  /** How the message was forwarded. */
  forwardHeader?: JsonObject | null | undefined;
  /** Next stops of the message. */
  routingSlip?: JsonObject | null | undefined;
  /** Earlier stops of the message. */
  messageHistory?: JsonObject[] | undefined;
  /** Seconds, more than 0, after which stores delete the message. Default: null, never. */
  ttl?: number | null | undefined;
  /** True if the message reports an error. */
  isErrorMessage?: boolean | undefined;
  /** W3C trace context. */
  traceparent?: string | null | undefined;
  /** State of the session. */
  sessionState?: JsonObject | null | undefined;
  /** The topic to which it was published. */
  topicPublishedTo?: string | null | undefined;
  /** Number of earlier messages requested with it. */
  enrichWithHistory?: number | null | undefined;
  /** Other fields, by their names in JSON. */
  extra?: JsonObject | undefined;
}

const INIT = new OptionRules<MessageInit>("new Message()", {
  id: anyValue,
  idObj: instanceOf(() => GemstoneId),
  sender: anyValue,
  topics: anyValue,
  payload: anyValue,
  format: anyValue,
  timestamp: anyValue,
  priority: anyValue,
  thread: anyValue,
  recipientList: anyValue,
  inResponseTo: anyValue,
  conversationId: anyValue,
  forwardHeader: anyValue,
  routingSlip: anyValue,
  messageHistory: anyValue,
  ttl: anyValue,
  isErrorMessage: anyValue,
  traceparent: anyValue,
  sessionState: anyValue,
  topicPublishedTo: anyValue,
  enrichWithHistory: anyValue,
  extra: object,
});

/**
 * A message: an id, a sender, topics, a payload, and fields that control its handling.
 *
 * Its fields cannot be assigned; `new Message({ ...message, payload })` makes a changed copy. The field
 * `recipient_list` in JSON is `recipientList` here, and so on; ids are bigints.
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
  /** The sender. */
  declare readonly sender: AgentTag;
  /** The topic or topics of the message. */
  declare readonly topics: string | string[];
  /** The content. */
  declare readonly payload: JsonObject;
  /** Format of the content. */
  declare readonly format: string;
  /** Milliseconds of the Unix epoch. */
  declare readonly timestamp: number;
  /** Urgency, 0 (`URGENT`) to 7 (`LOWEST`). */
  declare readonly priority: Priority;
  /** Ids of the messages in its thread. */
  declare readonly thread: bigint[];
  /** The recipients. */
  declare readonly recipientList: AgentTag[];
  /** Id of the message to which this one replies. */
  declare readonly inResponseTo: bigint | null;
  /** Id of its conversation. */
  declare readonly conversationId: bigint | null;
  /** How the message was forwarded. */
  declare readonly forwardHeader: JsonObject | null;
  /** Next stops of the message. */
  declare readonly routingSlip: JsonObject | null;
  /** Earlier stops of the message. */
  declare readonly messageHistory: JsonObject[];
  /** Seconds after which stores delete the message; null: never. */
  declare readonly ttl: number | null;
  /** True if the message reports an error. */
  declare readonly isErrorMessage: boolean;
  /** W3C trace context. */
  declare readonly traceparent: string | null;
  /** State of the session. */
  declare readonly sessionState: JsonObject | null;
  /** The topic to which it was published. */
  declare readonly topicPublishedTo: string | null;
  /** Number of earlier messages requested with it. */
  declare readonly enrichWithHistory: number | null;
  /** Other fields, and fields without the documented shape, by their names in JSON. */
  declare readonly extra: JsonObject;
  /** Names in JSON, in order. */
  #keys: readonly string[];

  /**
   * Makes a message.
   *
   * @throws {TypeError} if there is no id, or two, or a field does not have the documented shape
   * @throws {RangeError} if the id does not fit 64 bits, or `ttl` is not more than 0
   */
  constructor(init: MessageInit) {
    checkNoMore("new Message()", arguments, 1);
    const own = this as unknown as Record<string, unknown>;
    if (init instanceof ReadFields) {
      this.#keys = init.assignTo(own);
      return;
    }
    INIT.require(init);
    const id = idOf(init);
    own["id"] = id;
    for (const field of FIELDS) own[field.name] = valueOf(init, field);
    own["timestamp"] ??= timestampOf(id);
    own["priority"] ??= priorityOf(id);
    own["extra"] = { ...init.extra };
    if (init.extra !== undefined && FOREIGN.has(init.extra)) {
      FOREIGN.add(own["extra"] as JsonObject);
    }
    this.#keys = keysOf(init);
  }

  /**
   * Reads a message from a JSON value, with ids as numbers or bigints. A missing field gets its
   * default. A field without the documented shape is kept in `extra`.
   *
   * @throws {TypeError} if the value is not an object, or has no `id` of 64 bits
   */
  static fromJson(json: unknown): Message {
    const fields = fromPortable(fieldsOf(json));
    const message = new Message(new ReadFields(fields) as unknown as MessageInit);
    if (fields === json && Object.keys(message.extra).length > 0) FOREIGN.add(message.extra);
    return message;
  }

  /**
   * Reads a message from JSON text. All digits of its integers are kept.
   *
   * @throws {SyntaxError} if the text is not JSON
   * @throws {TypeError} if the value is not an object, or has no `id` of 64 bits
   */
  static parse(text: string): Message {
    return Message.fromJson(parseJson(text));
  }

  /** The id, with access to its parts. */
  get idObj(): GemstoneId {
    return GemstoneId.fromInt(this.id);
  }

  /**
   * Returns the fields by their names and in their order in JSON, with ids as bigints. A message that
   * was read has the fields that it had in JSON. A new message has the fields of its constructor, and
   * `format`, `timestamp` and `priority`.
   */
  toObject(): JsonObject {
    const own = this as unknown as Record<string, unknown>;
    const { extra } = this;
    const fields: JsonObject = {};
    for (const key of this.#keys) {
      setMember(fields, key, Object.hasOwn(extra, key) ? extra[key] : own[NAMES.get(key)!]);
    }
    return fields;
  }

  /** Returns the message as JSON text, with ids as integer literals. */
  stringify(): string {
    return stringify(this.toObject());
  }

  /**
   * Returns the message as JSON text that the Python clients can read: see "Coming from the Python
   * systems". `fromJson` and `parse` restore it.
   * @internal
   */
  stringifyPortable(): string {
    return stringify(toPortable(this.toObject(), FOREIGN.has(this.extra)));
  }

  /**
   * Why the Python clients cannot read the message; undefined if they can.
   * @internal
   */
  get problemForPython(): string | undefined {
    return problemForPython(this.toObject());
  }

  /** Called by `JSON.stringify`, which then returns the same text as `stringify`. */
  toJSON(): unknown {
    return withRawIntegers(this.toObject());
  }
}

function stringify(fields: JsonObject): string {
  const { id, ...others } = fields;
  for (const first in fields) {
    if (first === "id" && typeof id === "bigint") return stringifyWithId(id, others);
    break;
  }
  return stringifyJson(fields);
}

/** The `extra` of messages that other programs wrote: they know these fields. */
const FOREIGN = new WeakSet<JsonObject>();
const NAMES: ReadonlyMap<string, string> = new Map([
  ["id", "id"],
  ...FIELDS.map(({ wire, name }): [string, string] => [wire, name]),
]);
const ALWAYS_WRITTEN: ReadonlySet<string> = new Set(["format", "timestamp", "priority"]);
const REQUIRED: ReadonlySet<string> = new Set(["sender", "topics", "payload"]);

function idOf({ id, idObj }: MessageInit): bigint {
  if ((id === undefined) === (idObj === undefined)) {
    throw new TypeError("cannot make a message: it needs one id; pass id or idObj");
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
  const problem = `${field.name} must be ${EXPECTED[field.name]}, not ${formatValue(value)}`;
  if (field.name === "ttl") throw new RangeError(`cannot make a message: ${problem}`);
  throw new TypeError(`cannot make a message: ${problem}`);
}

/** Names in JSON: the documented ones in order, then the others. */
function keysOf(init: MessageInit): string[] {
  const documented = FIELDS.filter((field) =>
    given(init, field) !== undefined || ALWAYS_WRITTEN.has(field.name)
  );
  const keys = ["id", ...documented.map(({ wire }) => wire)];
  return [...keys, ...Object.keys(init.extra ?? {}).filter((key) => !keys.includes(key))];
}

function fieldsOf(json: unknown): JsonObject {
  if (typeof json === "object" && json !== null && !Array.isArray(json)) return json as JsonObject;
  throw new TypeError(`cannot read a message: it must be a JSON object, not ${formatValue(json)}`);
}

/** The fields of a message that was read. What does not have the documented shape is no error. */
class ReadFields {
  readonly #fields: JsonObject;

  constructor(fields: JsonObject) {
    this.#fields = fields;
  }

  /** Sets the properties of a message in the order of its constructor. Returns the names in JSON. */
  assignTo(own: Record<string, unknown>): string[] {
    const fields = this.#fields;
    const names = Object.keys(fields);
    own["id"] = this.#id();
    let taken = 1;
    for (const { name, wire, isValid, read, defaultValue } of FIELDS) {
      const value = fields[wire];
      const isRead = value !== undefined && isValid(value) && Object.hasOwn(fields, wire);
      if (isRead) taken++;
      own[name] = isRead ? read(value) : defaultValue();
    }
    own["timestamp"] ??= timestampOf(own["id"] as bigint);
    own["priority"] ??= priorityOf(own["id"] as bigint);
    own["extra"] = taken === names.length ? {} : this.#extra(names);
    return names;
  }

  #id(): bigint {
    const { id } = this.#fields;
    if (isId(id)) return BigInt(id);
    throw new TypeError(
      `cannot read a message: its id must be an integer of 64 bits, not ${formatValue(id)}`,
    );
  }

  #extra(names: readonly string[]): JsonObject {
    const fields = this.#fields;
    // Not a set: looking up many names in one takes long if they are chosen to collide.
    const taken = FIELDS.filter(({ wire, isValid }) =>
      Object.hasOwn(fields, wire) && isValid(fields[wire])
    ).map(({ wire }) => wire);
    return Object.fromEntries(
      names.filter((name) => name !== "id" && !taken.includes(name))
        .map((name) => [name, fields[name]]),
    );
  }
}
