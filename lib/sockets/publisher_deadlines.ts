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
import { geometryOf, readLanes, readParticipants } from "../segment/tables.ts";
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

function publishersOn({ sharedMemory, capacity }: Attachment): Pick<Known, "about" | "count">[] {
  const { wasmMemory, mappedBytes } = sharedMemory;
  const source = new MemorySource(wasmMemory, mappedBytes);
  const geometry = geometryOf(capacity);
  const counts = new Map(
    readLanes(source, geometry).map(({ ownerPlus1, count }) => [ownerPlus1, BigInt(count)]),
  );
  return readParticipants(source, geometry).flatMap((row, index) => {
    const count = counts.get(index + 1);
    if (count === undefined || ROLES[row.role] !== "publisher") return [];
    const id = `${index}-${row.generation}`;
    return [{ count, about: { id, pid: row.pid, label: labelOf(row.label) } }];
  });
}
