/**
 * What those who watch channels are told.
 *
 * @module
 */

import type { ChannelKind, Role } from "../segment/format.ts";

/** A participant came, left or died. */
export interface ParticipantEvent {
  /**
   * `"joined"`: it is there. `"left"`: it closed. `"died"`: its process or worker ended without closing
   * it, in whatever way.
   */
  readonly type: "joined" | "left" | "died";
  /** Name of the channel. */
  readonly channel: string;
  /** Identifies the participant among all that the segment ever had. */
  readonly id: string;
  /** What it does on the channel. */
  readonly role: Role;
  /** Its process. */
  readonly pid: number;
  /** The name that its program gave it, with the option `label`. */
  readonly label: string | undefined;
  /** When it attached. */
  readonly since: Date;
}

/** A segment came or went. */
export interface SegmentEvent {
  /**
   * `"created"`: it is there. `"replaced"`: its name names another segment, so that those who are attached
   * to the old one reach nobody who opens the channel now. `"removed"`: its last participant or a program
   * deleted it. `"collected"`: it was deleted after participants had died on it.
   */
  readonly type: "created" | "replaced" | "removed" | "collected";
  /** Name of the channel. */
  readonly channel: string;
  /** What the channel does with a message; `"damaged"` if its header is invalid. */
  readonly kind: ChannelKind | "damaged";
}

/** What `watchChannels()` reports. */
export type ChannelEvent = ParticipantEvent | SegmentEvent;
