/**
 * JSON Schemas of responses.
 *
 * @module
 */

import type { Schema } from "./parameters.ts";

/** A text. */
export const TEXT: Schema = { type: "string" };
/** A whole number. */
export const COUNT: Schema = { type: "integer" };

/** An object with members of these schemas. */
export function object(properties: Record<string, Schema>): Schema {
  return { type: "object", properties };
}

/** An array with items of one schema. */
export function array(items: Schema): Schema {
  return { type: "array", items };
}

/** An object whose member `status` has one value. */
export function status(value: string): Schema {
  return object({ status: { const: value } });
}
