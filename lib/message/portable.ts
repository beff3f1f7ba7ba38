/**
 * Messages as the Python clients can read them. Their fields have fixed types: a time to live is a whole
 * number, a payload is not empty, and there are no other fields. What differs is carried in
 * `session_state`, where those clients keep any JSON, and is restored by `fromPortable`.
 *
 * @module
 */

import { FIELDS } from "./fields.ts";
import type { JsonObject } from "./json.ts";

/** Member of `session_state`, and of a payload that is empty in fact. */
const CARRIED = "ringbus";

/** Names that the Python clients know. */
const KNOWN: ReadonlySet<string> = new Set(["id", ...FIELDS.map(({ wire }) => wire)]);
/** Names without which they cannot read a message. */
const REQUIRED: readonly string[] = ["sender", "topics", "payload"];
/** Names of the trace context that instrumentation adds to messages. */
const TRACE: ReadonlySet<string> = new Set(["tracestate", "baggage"]);

/** A field that has values which the Python clients cannot read. */
interface Narrow {
  readonly rule: string;
  isReadable(value: unknown): boolean;
  /** What they read instead. */
  substitute(value: unknown): unknown;
}

const WHOLE: Narrow = {
  rule: "must be a whole number",
  isReadable: (value) => typeof value !== "number" || Number.isInteger(value),
  // Away from 0, which means something else.
  substitute: (value) => Math.sign(value as number) * Math.ceil(Math.abs(value as number)),
};

const NARROW: ReadonlyMap<string, Narrow> = new Map([
  ["ttl", WHOLE],
  ["enrich_with_history", WHOLE],
  ["payload", {
    rule: "must not be empty",
    isReadable: (value) => !isObject(value) || Object.keys(value).length > 0,
    substitute: () => ({ [CARRIED]: "empty" }),
  }],
]);

/** What is carried in `session_state`. */
interface Carried extends JsonObject {
  /** Id of the message: a client may copy the state into another one. */
  readonly id: unknown;
  /** The names of the fields in their order. */
  readonly names: readonly string[];
  /** The fields that the message does not have itself, or with a substitute. */
  readonly fields: JsonObject;
}

/** Why the Python clients cannot read a message; undefined if they can. */
export function problemForPython(json: JsonObject): string | undefined {
  for (const name of REQUIRED) if (!Object.hasOwn(json, name)) return `${name} is missing`;
  for (const [name, value] of Object.entries(json)) {
    if (!KNOWN.has(name)) return `it has a field ${name} that they do not know`;
    const narrow = NARROW.get(name);
    if (narrow !== undefined && !narrow.isReadable(value)) return `${name} ${narrow.rule}`;
    // They read every whole number, also a time to live of 0.
    if (narrow === WHOLE && typeof value === "number") continue;
    const field = FIELDS.find(({ wire }) => wire === name);
    if (field !== undefined && !field.isValid(value)) return `${name} has another type`;
  }
  return undefined;
}

/**
 * The message as the Python clients can read it.
 *
 * @param keepsUnknown keeps fields that they may not know: the message came from one that does
 */
export function toPortable(json: JsonObject, keepsUnknown: boolean): JsonObject {
  const isMoved = (name: string, value: unknown) =>
    KNOWN.has(name)
      ? NARROW.get(name)?.isReadable(value) === false
      : !keepsUnknown || TRACE.has(name);
  if (!Object.keys(json).some((name) => isMoved(name, json[name]))) return json;
  const entries = Object.entries(json);
  const moved = entries.filter(([name, value]) => isMoved(name, value));
  const portable = entries.flatMap(([name, value]): [string, unknown][] => {
    if (!isMoved(name, value)) return [[name, value]];
    const narrow = NARROW.get(name);
    return narrow === undefined ? [] : [[name, narrow.substitute(value)]];
  });
  return Object.fromEntries([...portable, ["session_state", carrying(json, moved)]]);
}

function carrying(json: JsonObject, moved: readonly [string, unknown][]): JsonObject {
  const { id, session_state: state } = json;
  const others = isObject(state) ? state : {};
  const isEmpty = Object.hasOwn(json, "session_state") && Object.keys(others).length === 0;
  const fields = Object.fromEntries(isEmpty ? [...moved, ["session_state", state]] : moved);
  const carried: Carried = { id, names: Object.keys(json), fields };
  return { ...others, [CARRIED]: carried };
}

/** The message that `toPortable` was given, with what a client has changed since; or the message itself. */
export function fromPortable(json: JsonObject): JsonObject {
  const carried = carriedBy(json);
  if (carried === undefined) return json;
  const { names, fields } = carried;
  const state = stateOf(json);
  const current = new Map(Object.entries(json));
  current.delete("session_state");
  for (const [name, value] of Object.entries(fields)) {
    if (!isChanged(name, json, value)) current.set(name, value);
  }
  if (Object.keys(state).length > 0) current.set("session_state", state);
  const ordered = new Set([...names.filter((name) => current.has(name)), ...current.keys()]);
  return Object.fromEntries([...ordered].map((name) => [name, current.get(name)]));
}

function carriedBy({ id, session_state: state }: JsonObject): Carried | undefined {
  const carried = isObject(state) ? state[CARRIED] : undefined;
  if (!isObject(carried) || `${carried["id"]}` !== `${id}`) return undefined;
  const { names, fields } = carried;
  const isWhole = Array.isArray(names) && names.every((name) => typeof name === "string") &&
    isObject(fields);
  return isWhole ? carried as Carried : undefined;
}

function stateOf({ session_state: state }: JsonObject): JsonObject {
  const { [CARRIED]: _carried, ...rest } = state as JsonObject;
  return rest;
}

/** True if a client has given a field another value than its substitute. */
function isChanged(name: string, json: JsonObject, original: unknown): boolean {
  const narrow = NARROW.get(name);
  if (narrow === undefined || !Object.hasOwn(json, name)) return false;
  return JSON.stringify(json[name]) !== JSON.stringify(narrow.substitute(original));
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
