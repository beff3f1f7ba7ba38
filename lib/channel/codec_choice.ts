/**
 * The choice of a channel's codec, which a receiver that created the channel left open.
 *
 * @module
 */

import { ShmSerializationError } from "../base/errors.ts";
import type { Codec } from "../codecs/codec.ts";
import { checkedWord } from "../segment/checksum.ts";
import { codecNumber, UNCHOSEN } from "../segment/chosen_codec.ts";
import { controlOffset } from "../segment/format.ts";
import {
  CODEC_BYTES,
  CONTROL_CHOOSER_PID,
  CONTROL_CHOSEN_AT,
  CONTROL_CHOSEN_CODEC,
} from "../../wasm/layout.ts";

/** The segment of a channel, which can grow. */
interface Segment {
  readonly capacity: number;
  readonly bytes: Uint8Array<ArrayBufferLike>;
  readonly words64: BigInt64Array;
  allocate(bytes: number): number;
}

/** In place of the codec, until one is chosen. No message can have been sent before. */
export const UNCHOSEN_CODEC: Codec = missingCodec(
  UNCHOSEN,
  new ShmSerializationError("no socket has chosen the codec of the channel yet"),
);

/** In place of a codec that this program does not have: each message fails with the reason. */
export function missingCodec(id: string, reason: Error): Codec {
  const fail = () => {
    throw reason;
  };
  return { id, encode: fail, decode: fail };
}

/** Chooses the codec of a channel, unless another socket was faster. */
export function chooseCodec(segment: Segment, id: string): void {
  const word = checkedWord(codecNumber(id) ?? writeId(segment, id));
  const control = controlOffset(segment.capacity);
  const at = (control + CONTROL_CHOSEN_CODEC) >>> 3;
  if (Atomics.compareExchange(segment.words64, at, 0n, word) !== 0n) return;
  const view = new DataView(segment.bytes.buffer, control);
  view.setUint32(CONTROL_CHOOSER_PID, Deno.pid, true);
  view.setFloat64(CONTROL_CHOSEN_AT, Date.now(), true);
}

/** Adds a region with the id of a codec of the program; returns its offset. */
function writeId(segment: Segment, id: string): number {
  const offset = segment.allocate(CODEC_BYTES);
  const bytes = segment.bytes.subarray(offset, offset + CODEC_BYTES);
  bytes.fill(0);
  bytes.set(new TextEncoder().encode(id));
  return offset;
}
