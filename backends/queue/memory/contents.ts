/**
 * A namespace as plain parts, from which another process makes the same one.
 *
 * @module
 */

import { TextMap } from "../../../lib/base/text_map.ts";
import type { QueueRecord, StoredResult, StoredSchedule } from "../store.ts";
import type { ChannelCounts } from "./channel_counts.ts";
import type { Delivery, QueueEntry } from "./entry.ts";
import type { RateWindows } from "./rate_windows.ts";

/** A delivery without its message. */
type PlainDelivery = Omit<Delivery, "entry">;

/** The message that others with its `deduplicationId` repeat, also when it is gone. */
export type Original = Pick<QueueRecord, "id" | "createdMs" | "dueMs" | "expiresMs">;

/** A part of a namespace, of plain data. */
export type SpacePart =
  & { readonly heldUntilMs: number }
  & (
    | { readonly type: "messages"; readonly sequence: number; readonly turns: number }
    | { readonly type: "counts"; readonly counts: ReturnType<ChannelCounts["export"]> }
    | {
      readonly type: "claims";
      readonly tokens: number;
      readonly windows: ReturnType<RateWindows["export"]>;
    }
    | { readonly type: "paused"; readonly channel: string }
    | { readonly type: "schedule"; readonly schedule: StoredSchedule }
    | { readonly type: "duplicate"; readonly key: string; readonly original: Original }
    | { readonly type: "result"; readonly id: string; readonly result: StoredResult }
    | { readonly type: "subscribers"; readonly channel: string; readonly agents: readonly string[] }
    | {
      readonly type: "missed";
      readonly agent: string;
      readonly channel: string;
      readonly missed: number;
    }
    | {
      readonly type: "message";
      readonly entry: Omit<QueueEntry, "deliveries">;
      readonly deliveries: readonly PlainDelivery[];
    }
  );

/** The part of a message with its deliveries. */
export function messagePart(entry: QueueEntry): SpacePart {
  const { deliveries, ...plain } = entry;
  return {
    type: "message",
    entry: plain,
    deliveries: deliveries.values().map(({ entry: _, ...delivery }) => delivery).toArray(),
    heldUntilMs: entry.deadlineMs ?? Infinity,
  };
}

/** The message of a part, whose deliveries are in no queue yet. */
export function entryOf(part: SpacePart & { readonly type: "message" }): QueueEntry {
  const entry: QueueEntry = { ...part.entry, deliveries: new TextMap() };
  for (const plain of part.deliveries) entry.deliveries.set(plain.agent, { ...plain, entry });
  return entry;
}
