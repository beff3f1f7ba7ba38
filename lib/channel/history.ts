/**
 * Room for messages that late subscribers get.
 *
 * @module
 */

import { pluralize } from "../base/pluralize.ts";
import { roundUp } from "../base/pages.ts";
import { MAX_CAPACITY_BYTES } from "./channel_options.ts";
import { RECORD_PAYLOAD, RING_GAP } from "../../wasm/layout.ts";

/** Longest message of a history of which no length is named, in bytes. */
const DEFAULT_MESSAGE_BYTES = 1024;

/** How many messages stay for late subscribers, and how long each can be. */
export interface HistoryOptions {
  history?: number | undefined;
  historyMessageBytes?: number | undefined;
}

/** Where the published records end, and the next one, at most so many records are cut. */
const CUT_RECORDS = 2;
/** Rings are a multiple of so many bytes. */
const RING_UNIT = 64;

/**
 * Bytes of published records that a ring of `ringBytes` has to keep, so that the newest messages of a history
 * are among them; 0 without a history.
 *
 * @throws {RangeError} if the ring is too small
 */
export function historyBytes(
  channel: string,
  ringBytes: number,
  { history = 0, historyMessageBytes = DEFAULT_MESSAGE_BYTES }: HistoryOptions,
): number {
  if (history === 0) return 0;
  const recordBytes = roundUp(historyMessageBytes + RECORD_PAYLOAD, 8);
  const keptBytes = (history + CUT_RECORDS) * recordBytes;
  const neededBytes = roundUp(keptBytes + CUT_RECORDS * recordBytes + RING_GAP, RING_UNIT);
  if (neededBytes <= ringBytes) return keptBytes;
  const remedy = neededBytes <= MAX_CAPACITY_BYTES
    ? `pass capacityBytes: ${neededBytes}`
    : `a ring has at most ${MAX_CAPACITY_BYTES} bytes`;
  throw new RangeError(
    `cannot keep a history of ${pluralize(history, "message")} of up to ` +
      `${
        pluralize(historyMessageBytes, "byte")
      } on channel "${channel}": the ring of this publisher has ` +
      `${ringBytes} bytes, and ${neededBytes} are needed; ${remedy}, or keep fewer or shorter messages`,
  );
}
