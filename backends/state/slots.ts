/**
 * Values as slots: MessagePack with the rules of the codec `"msgpack"`.
 *
 * @module
 */

import { msgpackCodec } from "../../lib/codecs/msgpack.ts";
import { SlotSerializationError } from "./errors.ts";

/** Where a slot was found, for the error of one that cannot be decoded. */
export interface SlotPlace {
  /** The thread that it is in. */
  threadId: string;
  /** Its index in the thread. */
  index: number;
}

/**
 * Makes a slot of a value.
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
      `cannot make a slot of the value: ${(cause as Error).message}`,
      { cause },
    );
  }
}

/**
 * Makes a value of a slot again.
 *
 * @throws {SlotSerializationError} if the bytes are not those of a value; it names the `place` if given
 */
export function deserializeSlot(slotData: Uint8Array, place?: SlotPlace): unknown {
  try {
    return msgpackCodec.decode(slotData);
  } catch (cause) {
    const where = place
      ? `slot ${place.index} of thread ${JSON.stringify(place.threadId)}`
      : "slot";
    throw new SlotSerializationError(
      `cannot decode ${where}: ${
        (cause as Error).message
      }; read it with bufferGetSlot() if other ` +
        `code wrote it`,
      { cause },
    );
  }
}
