/**
 * The channels of the machine for the snapshots of a server.
 *
 * @module
 */

import { largest } from "../metrics/largest.ts";
import {
  type ChannelView,
  type Death,
  type Machine,
  type MachineView,
  machineViewOf,
} from "../metrics/machine_view.ts";

/** Most rows of the table of channels. */
const MAX_CHANNELS = 100;
/** Most deaths of the table of deaths. */
const MAX_DEATHS = 50;

/** Reading begins again after this many times the time that it took. */
const IDLE_FACTOR = 20;

/** One channel. */
export interface ChannelRow {
  name: string;
  kind: string;
  state: string;
  codec: string;
  sizeBytes: number;
  capacityBytes: number;
  usedBytes: number;
  /** Fill of the fullest ring, from 0 to 1. */
  fill: number;
  sentMessages: number;
  /** Messages and bytes per second; null in the first snapshot. */
  messagesPerSecond: number | null;
  bytesPerSecond: number | null;
  /** Messages that the slowest receiver is behind; null if that is not known. */
  lag: number | null;
  /** Messages that were rejected because a ring was full, or that a subscriber missed. */
  dropped: number;
  droppedPerSecond: number | null;
  /** Messages that are overwritten already, and that subscribers will miss. */
  missing: number;
  unacknowledged: number;
  /** Keys of latest values; null for other channels. */
  keys: number | null;
  /** Participants that are alive, by role. */
  participants: Record<string, number>;
  dead: number;
  /** The first thing that is damaged; null if nothing is. */
  problem: string | null;
}

/** The channels of the machine. */
export interface ChannelsPart {
  directory: string;
  total: number;
  /** The busiest channels. */
  channels: ChannelRow[];
  /** Deaths of participants since the server was started. */
  deathCount: number;
  /** The last ones, the newest first. */
  deaths: readonly Death[];
}

/** Reads the channels while snapshots are taken, which do not wait for that. */
export class ChannelFollower {
  readonly #machine: Machine | undefined;
  #view: { readonly atMs: number; readonly machine: MachineView } | undefined;
  #part: ChannelsPart | null = null;
  #isAsking = false;
  #nextAtMs = -Infinity;

  constructor(machine: Machine | undefined) {
    this.#machine = machine;
  }

  /** What was read last, and reads again for the next snapshot. */
  next(): ChannelsPart | null {
    this.#ask();
    return this.#part;
  }

  async #ask(): Promise<void> {
    const startMs = performance.now();
    if (this.#isAsking || this.#machine === undefined || startMs < this.#nextAtMs) return;
    this.#isAsking = true;
    const machine = await machineViewOf(this.#machine);
    this.#isAsking = false;
    this.#nextAtMs = startMs + (performance.now() - startMs) * IDLE_FACTOR;
    if (machine === undefined) return;
    const view = { atMs: performance.now(), machine };
    this.#part = partOf(view, this.#view);
    this.#view = view;
  }
}

type Read = { readonly atMs: number; readonly machine: MachineView };

function partOf(now: Read, before: Read | undefined): ChannelsPart {
  const { directory, total, channels, deaths, lastDeaths } = now.machine;
  const seconds = before && Math.max(1e-3, (now.atMs - before.atMs) / 1000);
  const earlier = new Map(before?.machine.channels.map((channel) => [channel.name, channel]));
  const rows = channels.map((channel) => rowOf(channel, earlier.get(channel.name), seconds));
  return {
    directory,
    total,
    channels: largest(rows, MAX_CHANNELS, byUse),
    deathCount: deaths.values().reduce((sum, count) => sum + count, 0),
    deaths: lastDeaths.slice(0, MAX_DEATHS),
  };
}

/** The busiest first, then those in use, then those with the most messages. */
function byUse(a: ChannelRow, b: ChannelRow): number {
  return (b.messagesPerSecond ?? 0) - (a.messagesPerSecond ?? 0) ||
    Number(b.state === "live") - Number(a.state === "live") ||
    b.sentMessages - a.sentMessages;
}

function rowOf(
  channel: ChannelView,
  before: ChannelView | undefined,
  seconds: number | undefined,
): ChannelRow {
  const rate = (of: (one: ChannelView) => number) =>
    seconds === undefined ? null : Math.max(0, of(channel) - of(before ?? channel)) / seconds;
  return {
    name: channel.name,
    kind: channel.kind,
    state: channel.state,
    codec: channel.codec,
    sizeBytes: channel.sizeBytes,
    capacityBytes: channel.capacityBytes,
    usedBytes: channel.usedBytes,
    fill: channel.fill,
    sentMessages: channel.sentMessages,
    messagesPerSecond: rate(({ sentMessages }) => sentMessages),
    bytesPerSecond: rate(({ sentBytes }) => sentBytes),
    lag: channel.lagMessages ?? null,
    dropped: channel.droppedMessages,
    droppedPerSecond: rate(({ droppedMessages }) => droppedMessages),
    missing: channel.missingMessages,
    unacknowledged: channel.unacknowledgedMessages,
    keys: channel.keys ?? null,
    participants: rolesOf(channel),
    dead: channel.participants.filter(({ isAlive }) => !isAlive).length,
    problem: channel.problem ?? null,
  };
}

function rolesOf({ participants }: ChannelView): Record<string, number> {
  const roles = Object.groupBy(participants.filter(({ isAlive }) => isAlive), ({ role }) => role);
  return Object.fromEntries(
    Object.entries(roles).map(([role, those = []]) => [role, those.length]),
  );
}
