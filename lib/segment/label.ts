/**
 * The name that a program gives a socket, as it lies in the table of participants.
 *
 * @module
 */

import { formatValue } from "../base/options.ts";
import type { RingExports } from "../../wasm/ring_exports.ts";
import { LABEL_BYTES } from "../../wasm/layout.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
/** What would disturb a terminal, or end the text in its slot. */
// deno-lint-ignore no-control-regex
const CONTROL = /[\x00-\x1f\x7f-\x9f]/;

/**
 * Checks a label.
 *
 * @throws {TypeError} if it is no well-formed text of 1 to 40 bytes, or has control characters
 */
export function checkLabel(name: string, value: unknown): string {
  if (typeof value === "string" && value.isWellFormed() && !CONTROL.test(value)) {
    const { length } = encoder.encode(value);
    if (length >= 1 && length <= LABEL_BYTES) return value;
  }
  throw new TypeError(
    `${name} must be well-formed text of 1 to ${LABEL_BYTES} bytes without control characters, not ` +
      formatValue(value),
  );
}

/** Sets the label with which a participant joins. Without one, that of the slot's last owner goes. */
export function setLabel(ring: RingExports, label: string | undefined): void {
  if (label === undefined) return;
  const words = new BigUint64Array(LABEL_BYTES / 8);
  encoder.encodeInto(label, new Uint8Array(words.buffer));
  ring.setLabel(words[0], words[1], words[2], words[3], words[4]);
}

/** A label as a text; undefined for a participant without one. */
export function labelOf(bytes: Uint8Array<ArrayBufferLike>): string | undefined {
  const end = bytes.indexOf(0);
  const text = decoder.decode(bytes.slice(0, end < 0 ? bytes.length : end));
  return text === "" ? undefined : text.replaceAll(new RegExp(CONTROL, "g"), "\ufffd");
}
