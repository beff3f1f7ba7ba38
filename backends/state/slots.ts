/**
 * Values as slots: MessagePack with the rules of the codec `"msgpack"`.
 *
 * @module
 */

import { checkNoMore } from "../../lib/base/checks.ts";
import { text, wholeNumber } from "../../lib/base/option_checks.ts";
import { OptionRules } from "../../lib/base/option_rules.ts";
import { msgpackCodec } from "../../lib/codecs/msgpack.ts";
import { SlotSerializationError } from "./errors.ts";
import { formatValue } from "../../lib/base/options.ts";
import { messageOf } from "../../lib/base/thrown.ts";

/** Where a slot is, for the error if it cannot be decoded. */
export interface SlotPlace {
  /** Its thread. */
  threadId: string;
  /** Its index in the thread. */
  index: number;
}

const PLACE = new OptionRules<SlotPlace>("deserializeSlot()", {
  threadId: text,
  index: wholeNumber(0),
});

/**
 * Encodes a value as a slot.
 *
 * @throws {SlotSerializationError} if the value cannot be encoded, such as a function or a cycle
 *
 * @example
 * ```ts
 * import { deserializeSlot, serializeSlot } from "@ringbus/ringbus/state";
 *
 * const slot = serializeSlot({ role: "user", text: "hello" });
 * console.log(deserializeSlot(slot)); // { role: "user", text: "hello" }
 * ```
 */
export function serializeSlot(value: unknown): Uint8Array {
  try {
    return msgpackCodec.encode(value).slice();
  } catch (cause) {
    throw new SlotSerializationError(
      `cannot encode the value as a slot: ${messageOf(cause)}`,
      { cause },
    );
  }
}

/**
 * Decodes the value of a slot.
 *
 * @param place where the slot is, for the error
 * @throws {TypeError} if it is no `Uint8Array`
 * @throws {SlotSerializationError} if the bytes are not an encoded value
 */
export function deserializeSlot(slotData: Uint8Array, place?: SlotPlace): unknown {
  checkNoMore("deserializeSlot()", arguments, 2);
  PLACE.check(place);
  if (!(slotData instanceof Uint8Array)) {
    throw new TypeError(
      `slotData must be a Uint8Array, not ${
        formatValue(slotData)
      }; bufferGetSlot() returns undefined if there is no such slot`,
    );
  }
  try {
    return msgpackCodec.decode(slotData);
  } catch (cause) {
    const where = place
      ? `slot ${place.index} of thread ${JSON.stringify(place.threadId)}`
      : "slot";
    throw new SlotSerializationError(
      `cannot decode ${where}: ${messageOf(cause)}; read it with bufferGetSlot() if other ` +
        `code wrote it`,
      { cause },
    );
  }
}
