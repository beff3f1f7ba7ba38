/**
 * The slots of requesters: which requests are in flight, and which replier has them.
 *
 * @module
 */

import type { ByteSource } from "../segment/byte_source.ts";
import { REQUEST_SLOT } from "../segment/structures.ts";
import { readRows } from "../segment/tables.ts";
import type { ParticipantReport } from "./participants.ts";
import * as layout from "../../wasm/layout.ts";

/** A request that has no reply yet, or whose reply is not read. */
export interface RequestReport {
  /** Index of the requester among the participants. */
  readonly requester: number;
  /** Index of the request's slot among those of the requester. */
  readonly slot: number;
  readonly status: "queued" | "taken" | "writing" | "done";
  /** Index of the replier among the participants, once one has taken the request. */
  readonly replier: number | undefined;
  /** When it was sent. */
  readonly since: Date;
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
  { index, region, since: attached }: ParticipantReport,
): RequestReport[] {
  if (region === undefined) return [];
  const slotBytes = Math.max(0, region.bytes - layout.REQUEST_SLOTS);
  const count = Math.min(Math.floor(slotBytes / layout.SLOT_BYTES), layout.MAX_REQUESTS);
  const slots = readRows(source, REQUEST_SLOT, region.offset + layout.REQUEST_SLOTS, count);
  return slots.flatMap(({ state: { status: number, replierPlus1 }, afterMs }, slot) => {
    const status = STATUSES[number];
    if (status === undefined) return [];
    const replier = replierPlus1 === 0 ? undefined : replierPlus1 - 1;
    const since = new Date(attached.getTime() + afterMs);
    return [{ requester: index, slot, status, replier, since }];
  });
}
