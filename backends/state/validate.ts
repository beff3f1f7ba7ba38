/**
 * Thread ids, chains, uuids and slots as callers give them, checked.
 *
 * @module
 */

import { formatValue } from "../../lib/base/options.ts";

/** Longest thread id, chain or uuid, in UTF-16 code units. */
export const MAX_NAME_LENGTH = 1024;
/** Largest slot, in bytes. */
export const MAX_SLOT_BYTES: number = 64 * 1024 * 1024;

// deno-lint-ignore no-control-regex
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

/** Throws unless a text can name a thread, a chain or a uuid. */
export function checkStateName(kind: "threadId" | "chain" | "uuid", text: string): void {
  const isName = typeof text === "string" && text.length >= 1 && text.length <= MAX_NAME_LENGTH &&
    !CONTROL.test(text) && text.isWellFormed();
  if (isName) return;
  const shown = typeof text === "string" && text.length > 80
    ? `${formatValue(text.slice(0, 80))} and ${text.length - 80} more characters`
    : formatValue(text);
  throw new TypeError(
    `${kind} must be text of 1 to ${MAX_NAME_LENGTH} characters without control characters, not ${shown}`,
  );
}

/** Throws unless a value can be a slot. */
export function checkSlot(slotData: Uint8Array): void {
  if (!(slotData instanceof Uint8Array)) {
    throw new TypeError(
      `slotData must be a Uint8Array, not ${
        formatValue(slotData)
      }; serializeSlot() makes one of a value`,
    );
  }
  if (slotData.length > MAX_SLOT_BYTES) {
    throw new RangeError(
      `slotData has ${slotData.length} bytes, and a slot at most ${MAX_SLOT_BYTES}; split it`,
    );
  }
}

/** Throws unless a number can be an index; one beyond the end is no error. */
export function checkIndex(index: number): void {
  if (!Number.isSafeInteger(index) || index < 0) {
    throw new RangeError(`index must be a whole number, at least 0, not ${formatValue(index)}`);
  }
}
