/**
 * Checks of thread ids, chains, uuids, slots and indexes.
 *
 * @module
 */

import { checkInteger, checkText, type TextRules } from "../../lib/base/checks.ts";
import { viewProblem } from "../../lib/codecs/typed_array.ts";
import { formatValue } from "../../lib/base/options.ts";

/** Largest slot, in bytes. */
export const MAX_SLOT_BYTES: number = 64 * 1024 * 1024;

const NAME_RULES: TextRules = {
  maxLength: 1024,
  // deno-lint-ignore no-control-regex
  forbidden: /[\u0000-\u001f\u007f-\u009f]/,
  forbiddenName: "control characters",
};

/** Throws unless a text can name a thread, a chain or a uuid. */
export function checkStateName(kind: "threadId" | "chain" | "uuid", text: string): void {
  checkText(kind, text, NAME_RULES);
}

/** Throws unless a value is a valid slot. */
export function checkSlot(slotData: Uint8Array): void {
  if (!(slotData instanceof Uint8Array)) {
    throw new TypeError(
      `slotData must be a Uint8Array, not ${
        formatValue(slotData)
      }; serializeSlot() encodes a value`,
    );
  }
  const problem = viewProblem(slotData);
  if (problem !== undefined) throw new TypeError(`slotData cannot be read: ${problem}`);
  if (slotData.length > MAX_SLOT_BYTES) {
    throw new RangeError(
      `slotData has ${slotData.length} bytes, and a slot may have ${MAX_SLOT_BYTES}; split it`,
    );
  }
}

/** Throws unless a number is a valid index. An index beyond the end is valid. */
export function checkIndex(index: number): void {
  checkInteger("index", index, 0);
}
