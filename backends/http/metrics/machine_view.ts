/**
 * What the metrics and the dashboard show of the channels of a machine.
 *
 * @module
 */

import { logger } from "../../../lib/base/log.ts";
import type { ChannelDetails } from "./channel_details.ts";
import type { MessageFeed } from "./message_feed.ts";

/** A socket on a channel. */
export interface ParticipantView {
  /** What it does on the channel; `"?"` while it joins or leaves. */
  readonly role: string;
  readonly pid: number;
  readonly label: string | undefined;
  /** Milliseconds of the Unix epoch. */
  readonly sinceMs: number;
  readonly isAlive: boolean;
}

/** A channel. */
export interface ChannelView {
  readonly name: string;
  /** What it does with a message; `"damaged"` if no socket can open it. */
  readonly kind: string;
  /** Whether it is `live`, `stale`, `closed` or `damaged`. */
  readonly state: string;
  readonly codec: string;
  /** Bytes of the segment. */
  readonly sizeBytes: number;
  /** Bytes of all rings, and those in them that are not taken, or not overwritten yet. */
  readonly capacityBytes: number;
  readonly usedBytes: number;
  /** Fill of the fullest ring, from 0 to 1. */
  readonly fill: number;
  /** Messages and bytes ever committed. */
  readonly sentMessages: number;
  readonly sentBytes: number;
  /** Messages that receivers ever took; undefined for a broadcast, whose subscribers take nothing. */
  readonly takenMessages: number | undefined;
  /** Messages rejected because a ring was full, or missed by a subscriber. */
  readonly droppedMessages: number;
  /** Messages that the slowest receiver is behind; undefined if that is unknown. */
  readonly lagMessages: number | undefined;
  /** Messages that a puller took and did not acknowledge. */
  readonly unacknowledgedMessages: number;
  /** Keys of latest values; undefined for other channels. */
  readonly keys: number | undefined;
  /** Messages that are overwritten already, and that subscribers will miss. */
  readonly missingMessages: number;
  /** The first thing that is damaged. */
  readonly problem: string | undefined;
  readonly participants: readonly ParticipantView[];
}

/** A participant that died. */
export interface Death {
  readonly channel: string;
  readonly role: string;
  readonly pid: number;
  readonly label: string | undefined;
  /** When that was noticed, in milliseconds of the Unix epoch. */
  readonly atMs: number;
}

/** The channels of a machine at one moment. */
export interface MachineView {
  /** Directory of the segments. */
  readonly directory: string;
  /** Number of channels. */
  readonly total: number;
  /** The channels that were read: the first ones by name. */
  readonly channels: readonly ChannelView[];
  /** Deaths of participants by channel, since the machine is watched. */
  readonly deaths: ReadonlyMap<string, number>;
  /** The last deaths, the newest first. */
  readonly lastDeaths: readonly Death[];
}

/** The channels of a machine, which a server shows. */
export interface Machine {
  /** Reads all channels. Those who ask at the same time get the same view. */
  view(): Promise<MachineView>;
  /** One channel in detail; undefined if there is none of this name. */
  details(name: string): Promise<ChannelDetails | undefined>;
  /**
   * The messages of a channel. Undefined if there is none of this name.
   *
   * @throws {Error} if it may not be read, or has no messages, such as one of latest values
   */
  messages(channel: string): Promise<MessageFeed | undefined>;
  /** Deletes a channel that nobody uses, whatever it holds. */
  remove(channel: string): Promise<"deleted" | "used" | "missing">;
}

/** Machines that could not be read the last time: the log has that once. */
const unreadable = new WeakSet<Machine>();

/** The channels of a machine; undefined if it is none, or cannot be read now. */
export async function machineViewOf(
  machine: Machine | undefined,
): Promise<MachineView | undefined> {
  if (machine === undefined) return undefined;
  try {
    const view = await machine.view();
    unreadable.delete(machine);
    return view;
  } catch (error) {
    if (!unreadable.has(machine)) {
      logger.warn("cannot read the channels of this machine: {error}", { error });
    }
    unreadable.add(machine);
    return undefined;
  }
}
