/**
 * What changes in one segment: who joins, leaves and dies.
 *
 * @module
 */

import type { Row } from "../base/structure.ts";
import type { ByteSource } from "../segment/byte_source.ts";
import { type ChannelKind, parseConfig, type Role, ROLES } from "../segment/format.ts";
import { labelOf } from "../segment/label.ts";
import type { PARTICIPANT } from "../segment/structures.ts";
import { type Geometry, geometryOf, participantId, readParticipants } from "../segment/tables.ts";
import type { ParticipantEvent } from "./channel_events.ts";

type ParticipantRow = Row<typeof PARTICIPANT>;

/** A participant that was reported, or that was dead when it was found. */
interface Known {
  readonly isolate: bigint;
  readonly generation: number;
  readonly about: Omit<ParticipantEvent, "type">;
  /** Its death was reported, or need not be. */
  isDead: boolean;
}

/** One segment. Every call returns what is new since the last one. */
export class SegmentWatch {
  readonly kind: ChannelKind | "damaged";
  readonly #channel: string;
  readonly #source: ByteSource;
  readonly #geometry: Geometry | undefined;
  readonly #isAlive: (isolate: bigint) => boolean;
  readonly #known = new Map<number, Known>();
  #isFirstLook = true;

  /** Reads the configuration. `isAlive` is asked when a participant is found, and of those who are gone. */
  constructor(channel: string, source: ByteSource, isAlive: (isolate: bigint) => boolean) {
    this.#channel = channel;
    this.#source = source;
    this.#isAlive = isAlive;
    const config = parseConfig(source);
    this.kind = "problem" in config ? "damaged" : config.kind;
    this.#geometry = "problem" in config ? undefined : geometryOf(config.capacity);
  }

  /** The isolates of the participants that are alive, as far as it is known, each with its process. */
  get isolates(): Map<bigint, number> {
    const living = [...this.#known.values()].filter(({ isDead }) => !isDead);
    return new Map(living.map(({ isolate, about }) => [isolate, about.pid]));
  }

  /** Reads the table of participants. */
  look(): ParticipantEvent[] {
    if (this.#geometry === undefined) return [];
    const events: ParticipantEvent[] = [];
    const rows = readParticipants(this.#source, this.#geometry);
    rows.forEach((row, index) => {
      const known = this.#known.get(index);
      if (known !== undefined && !isSame(known, row)) this.#end(index, known, row, events);
      if (!this.#known.has(index)) this.#begin(index, row, events);
    });
    this.#isFirstLook = false;
    return events;
  }

  #begin(index: number, row: ParticipantRow, events: ParticipantEvent[]): void {
    const role = ROLES[row.role];
    if (row.isolate === 0n || role === undefined) return;
    const about = aboutOf(this.#channel, index, row, role);
    const isDead = !this.#isAlive(row.isolate);
    const { isolate, generation } = row;
    this.#known.set(index, { isolate, generation, about, isDead });
    if (isDead && this.#isFirstLook) return;
    events.push({ type: "joined", ...about });
    if (isDead) events.push({ type: "died", ...about });
  }

  #end(index: number, known: Known, row: ParticipantRow, events: ParticipantEvent[]): void {
    this.#known.delete(index);
    if (!known.isDead) events.push({ type: this.#endOf(known, row), ...known.about });
  }

  /** A slot that was used again more than once does not say any more what became of the first owner. */
  #endOf({ isolate, generation }: Known, row: ParticipantRow): "left" | "died" {
    const isReclaimed = row.generation === generation && row.isolate !== 0n &&
      row.isolate !== isolate;
    if (row.died === generation || isReclaimed) return "died";
    const isOverwritten = ((row.died - generation) | 0) > 0;
    return isOverwritten && !this.#isAlive(isolate) ? "died" : "left";
  }

  /** An isolate has ended. */
  onDeath(isolate: bigint): ParticipantEvent[] {
    // Whoever closed before the end of the isolate has left.
    const events = this.look();
    for (const known of this.#known.values()) {
      if (known.isDead || known.isolate !== isolate) continue;
      known.isDead = true;
      events.push({ type: "died", ...known.about });
    }
    return events;
  }

  /**
   * The last look at a segment that lost its name. `isAbandoned` is true if there were participants that had
   * died.
   */
  end(): { events: ParticipantEvent[]; isAbandoned: boolean } {
    const events = this.look();
    let isAbandoned = false;
    for (const known of this.#known.values()) {
      const hasDied = known.isDead || !this.#isAlive(known.isolate);
      isAbandoned ||= hasDied;
      if (!known.isDead) events.push({ type: hasDied ? "died" : "left", ...known.about });
    }
    this.#known.clear();
    return { events, isAbandoned };
  }
}

function isSame({ isolate, generation }: Known, row: ParticipantRow): boolean {
  return row.isolate === isolate && row.generation === generation && row.role !== 0;
}

function aboutOf(
  channel: string,
  index: number,
  row: ParticipantRow,
  role: Role,
): Omit<ParticipantEvent, "type"> {
  return {
    channel,
    id: participantId(index, row.generation),
    role,
    pid: row.pid,
    label: labelOf(row.label),
    since: new Date(row.sinceMs),
  };
}
