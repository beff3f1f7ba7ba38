/**
 * The slots of requesters: which requests are in flight, and who has them.
 *
 * @module
 */

import type { ParticipantReport } from "./participants.ts";
import type { ByteSource } from "./segment_file.ts";
import * as layout from "../../wasm/layout.ts";

/** A request that is not answered, or whose reply is not read. */
export interface RequestReport {
  /** The requester's place among the participants. */
  readonly requester: number;
  /** Which of its slots waits. */
  readonly slot: number;
  readonly status: "queued" | "taken" | "writing" | "done";
  /** The replier's place among the participants, once one has taken it. */
  readonly replier: number | undefined;
}

const STATUSES: Record<number, RequestReport["status"]> = {
  [layout.SLOT_QUEUED]: "queued",
  [layout.SLOT_TAKEN]: "taken",
  [layout.SLOT_WRITING]: "writing",
  [layout.SLOT_DONE]: "done",
};

/** The requests in flight of one requester. */
export function readRequests(
  source: ByteSource,
  { index, region }: ParticipantReport,
): RequestReport[] {
  if (region === undefined) return [];
  const bytes = source.read(
    region.offset + layout.REQUEST_SLOTS,
    Math.min(region.bytes, layout.MAX_REQUESTS * layout.SLOT_BYTES),
  );
  const view = new DataView(bytes.buffer, 0, bytes.length);
  const requests: RequestReport[] = [];
  for (let at = 0; at + layout.SLOT_BYTES <= bytes.length; at += layout.SLOT_BYTES) {
    const word = view.getUint32(at + layout.SLOT_STATE + 4, true);
    const status = STATUSES[word & 0xff];
    if (status === undefined) continue;
    const replier = (word >>> 8) & 0xffff;
    requests.push({
      requester: index,
      slot: at / layout.SLOT_BYTES,
      status,
      replier: replier === 0 ? undefined : replier - 1,
    });
  }
  return requests;
}
