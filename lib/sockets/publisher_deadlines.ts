/**
 * Which publishers of a channel have sent nothing for longer than a subscriber expects.
 *
 * @module
 */

import { sleep } from "../base/sleep.ts";
import type { Attachment } from "../channel/attachment.ts";
import { MemorySource } from "../segment/byte_source.ts";
import { ROLES } from "../segment/format.ts";
import { labelOf } from "../segment/label.ts";
import { PARTICIPANT } from "../segment/structures.ts";
import {
  type Geometry,
  geometryOf,
  laneOffset,
  participantId,
  participantOffset,
  readRows,
} from "../segment/tables.ts";
import { LANE_COUNT, LANE_OWNER, MAX_LANES, MAX_PARTICIPANTS } from "../../wasm/layout.ts";
import type { DeadlineEvent } from "./option_types.ts";

/** Looks within one deadline: a miss is told by so much of it later at most. */
const LOOKS = 5;
/** The timers of the runtime are no finer. */
const SHORTEST_LOOK_MS = 1;

/** A publisher, as it was found at the last look. */
interface Known {
  readonly about: Omit<DeadlineEvent, "type" | "silentMs">;
  /** How many messages it had sent. */
  count: bigint;
  /** When it was found first, or had sent more than before. */
  activeAtMs: number;
  isMissed: boolean;
}

/** Reports which publishers miss the deadline, and which meet it again, until the signal aborts. */
export async function* watchDeadlines(
  attachment: Attachment,
  deadlineMs: number,
  signal: AbortSignal,
): AsyncGenerator<DeadlineEvent, void, void> {
  const watch = new DeadlineWatch(attachment, deadlineMs);
  while (!signal.aborted && !attachment.isClosed) {
    for (const event of watch.look(performance.now())) {
      yield event;
      if (signal.aborted) return;
    }
    await sleep(Math.max(SHORTEST_LOOK_MS, deadlineMs / LOOKS), signal);
  }
}

/** The publishers of a channel. */
class DeadlineWatch {
  readonly #attachment: Attachment;
  readonly #deadlineMs: number;
  #known = new Map<string, Known>();

  constructor(attachment: Attachment, deadlineMs: number) {
    this.#attachment = attachment;
    this.#deadlineMs = deadlineMs;
  }

  look(nowMs: number): DeadlineEvent[] {
    if (this.#attachment.isClosed) return [];
    const events: DeadlineEvent[] = [];
    const known = new Map<string, Known>();
    for (const { count, about } of publishersOn(this.#attachment)) {
      const publisher = this.#known.get(about.id) ??
        { about, count, activeAtMs: nowMs, isMissed: false };
      known.set(about.id, publisher);
      events.push(...this.#judge(publisher, count, nowMs));
    }
    this.#known = known;
    return events;
  }

  #judge(publisher: Known, count: bigint, nowMs: number): DeadlineEvent[] {
    const { about, activeAtMs, isMissed } = publisher;
    const silentMs = nowMs - activeAtMs;
    const hasSent = count !== publisher.count;
    if (hasSent) Object.assign(publisher, { count, activeAtMs: nowMs, isMissed: false });
    if (hasSent) return isMissed ? [{ type: "met", ...about, silentMs }] : [];
    if (isMissed || silentMs < this.#deadlineMs) return [];
    publisher.isMissed = true;
    return [{ type: "missed", ...about, silentMs }];
  }
}

/** The publishers, with how many messages each has sent. Most lanes have no owner: only their words are read. */
function publishersOn(attachment: Attachment): Pick<Known, "about" | "count">[] {
  const { sharedMemory, capacity, words, words64 } = attachment;
  const source = new MemorySource(sharedMemory.wasmMemory, sharedMemory.mappedBytes);
  const geometry = geometryOf(capacity);
  const publishers: Pick<Known, "about" | "count">[] = [];
  for (let lane = 0; lane < MAX_LANES; lane++) {
    const offset = laneOffset(geometry, lane);
    const owner = words[(offset + LANE_OWNER) >>> 2];
    if (owner <= 0 || owner > MAX_PARTICIPANTS) continue;
    const about = publisherAt(source, geometry, owner - 1);
    if (about !== undefined) {
      publishers.push({ count: words64[(offset + LANE_COUNT) >>> 3], about });
    }
  }
  return publishers;
}

/** Undefined if the participant is no publisher, or no longer. */
function publisherAt(
  source: MemorySource,
  geometry: Geometry,
  index: number,
): Known["about"] | undefined {
  const [row] = readRows(source, PARTICIPANT, participantOffset(geometry, index), 1);
  if (ROLES[row.role] !== "publisher") return undefined;
  return { id: participantId(index, row.generation), pid: row.pid, label: labelOf(row.label) };
}
