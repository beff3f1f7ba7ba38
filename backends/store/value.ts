/**
 * Values of keys and of what is published: a text as it is, or any other JSON value as the text it
 * came as.
 *
 * @module
 */

import { parseJson, stringifyJson } from "../../lib/message/json.ts";
import { InvalidInputError } from "./errors.ts";
import { detached, textBytes } from "./text.ts";

/** A JSON value other than a string, as text. */
export class JsonText {
  readonly text: string;

  /** @param text valid JSON, without space around it */
  constructor(text: string) {
    this.text = text;
  }
}

/** A value: a plain text, or other JSON. */
export type Value = string | JsonText;

/** The value in a JSON text that was found to be valid, such as one member of a request. */
export function valueOfJson(text: string): Value {
  return text.startsWith('"') ? JSON.parse(text) : new JsonText(detached(text));
}

/** The value as JSON text. */
export function valueToJson(value: Value): string {
  return typeof value === "string" ? JSON.stringify(value) : value.text;
}

/** The value that an application gives. */
export function valueFrom(data: unknown): Value {
  return typeof data === "string" ? data : new JsonText(stringifyJson(data));
}

/** The value as an application gets it. */
export function valueToData(value: Value): unknown {
  return typeof value === "string" ? value : parseJson(value.text);
}

/** Bytes that a value takes. */
export function valueBytes(value: Value): number {
  return textBytes(typeof value === "string" ? value : value.text);
}

/** Throws unless `key` can be the key of a value, the field of a hash and the like. */
export function checkKey(what: string, key: unknown): asserts key is string {
  if (typeof key === "string") return;
  throw new InvalidInputError(`a ${what} must be a string, not ${typeof key}`);
}
