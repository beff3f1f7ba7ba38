/** The task of a peer: a line of JSON on its standard input. */
import type { Task } from "./roles.js";

/** The ways to pass messages that need no other program. */
export type PeerName = "ringbus" | "ringbus async" | "ringbus local" | "socket" | "worker";

export interface PeerTask extends Task {
  readonly peer: PeerName;
  /** A stream of Ringbus, or `"unix"` or `"tcp"` for a socket. */
  readonly mode: string;
  /** True for objects instead of bytes. A mode may also imply it. */
  readonly isObjects: boolean;
  /** The name of a channel, or a path for a socket. */
  readonly address: string;
  /** Bytes that may be in flight. */
  readonly capacity: number;
}

/** The role that a worker plays while its owner plays the other one. */
export const PARTNERS: Readonly<Record<string, string>> = {
  ping: "pong",
  send: "receive",
  beat: "wake",
};
