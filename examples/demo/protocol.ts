/**
 * What the demo's processes tell one another besides the messages they exchange over Ringbus.
 *
 * @module
 */

/** Parts that a process can play. */
export type RoleName =
  | "publisher"
  | "subscriber"
  | "requester"
  | "replier"
  | "pusher"
  | "puller";

/** The task of a process, as JSON in its only argument. */
export interface Task {
  role: RoleName;
  /** Name in the table. */
  name: string;
  channel: string;
  /** Directory of the segments. */
  dir: string;
  /** Messages of the whole scene; for a requester its own. */
  messages: number;
  /** Publisher: messages a second. */
  rate?: number;
  /** Subscriber: one pause of so many milliseconds, long enough to be lapped. */
  pauseMs?: number;
  /** Pusher: how many pullers wait for an end mark. */
  pullers?: number;
}

/** What a process did. */
export interface Result {
  name: string;
  sent: number;
  received: number;
  missed: number;
  /** Answers that were another's or not right, messages out of order. */
  wrong: number;
  /** From the first message to the last. */
  seconds: number;
  /** Median latency in microseconds; absent for those who measure none. */
  p50Us?: number;
  p99Us?: number;
  /** Puller: one bit an id, base64. */
  ids?: string;
}

/** A line on a process's standard output. */
export type Report =
  | { event: "ready" }
  | { event: "progress"; done: number }
  | { event: "done"; result: Result };

/** A line on a process's standard input; its end means that the demo is gone. */
export type Order = "go" | "stop";

/** What travels over Ringbus in all scenes: a small object. */
export interface Reading {
  id: number;
  /** When it was sent, on the clock that all processes share. */
  sentUs: number;
  joint: string;
  position: [number, number, number];
}

/** A reading; id -1 says that no more will come. */
export function reading(id: number, sentUs: number): Reading {
  return { id, sentUs, joint: `joint-${id & 7}`, position: [id, id / 2, id / 4] };
}

/** A request names its sender, so that the requester can check that a reply is its own. */
export interface Question {
  id: number;
  from: string;
}

/** A reply. */
export interface Reply {
  id: number;
  to: string;
  square: number;
}
