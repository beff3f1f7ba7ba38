/**
 * What a message of a channel holds, as text.
 *
 * @module
 */

import { messageOf } from "../../../lib/base/thrown.ts";
import { builtInCodec, Decoder, splitHeader } from "../../../lib/observe/decode.ts";
import type { ObservedMessage } from "../../../lib/observe/lane_reader.ts";
import { cutText, MAX_TEXT, type MessageForm } from "../metrics/message_feed.ts";
import { hexText, valueText } from "./value_text.ts";

/** Longer messages are not decoded. */
const MAX_DECODED_BYTES = 64 * 1024;
/** Bytes of those that are shown. */
const MAX_SHOWN_BYTES = 256;
/** Characters that a text does not have, but the white space among them. */
// deno-lint-ignore no-control-regex
const NO_TEXT = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/;

/** What a message holds. */
export interface Content {
  readonly form: MessageForm;
  readonly text: string;
  /** Why it could not be decoded; empty if it was. */
  readonly problem: string;
}

/** The content of a message that was sent with a codec. */
export function shownContent(message: ObservedMessage, codecId: string): Content {
  const { bytes, cutBytes = 0 } = message;
  if (cutBytes > 0 || bytes.length > MAX_DECODED_BYTES) {
    return asBytes(bytes, "too long to be decoded here");
  }
  try {
    const { header: _, ...content } = splitHeader(message);
    if (codecId === "raw" || builtInCodec(codecId) === undefined) return asBytes(content.bytes, "");
    const value = new Decoder({ codecId }).decode(content);
    return { form: "value", text: valueText(value, MAX_TEXT), problem: "" };
  } catch (error) {
    return asBytes(bytes, cutText(messageOf(error), 200));
  }
}

/** Bytes as a text if they are one, otherwise in hexadecimal. */
function asBytes(bytes: Uint8Array, problem: string): Content {
  const text = textOf(bytes.subarray(0, MAX_TEXT));
  return text === undefined
    ? { form: "hex", text: hexText(bytes, MAX_SHOWN_BYTES), problem }
    : { form: "text", text: bytes.length > MAX_TEXT ? `${text}…` : text, problem };
}

/** The text that bytes are; undefined if they are none. The last character may be cut. */
function textOf(bytes: Uint8Array): string | undefined {
  if (bytes.length === 0) return undefined;
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    return NO_TEXT.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}
