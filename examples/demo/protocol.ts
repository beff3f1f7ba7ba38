/**
 * The protocol of the demo's processes, beside the messages that they exchange over Ringbus.
 *
 * @module
 */

/** The roles of processes. */
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
  /** Messages of the whole scene; for a requester its own requests. */
  messages: number;
  /** Publisher: messages per second. */
  rate?: number | undefined;
  /** Subscriber: milliseconds of one pause that is long enough to be lapped. */
  pauseMs?: number | undefined;
  /** Pusher: number of pullers that wait for an end mark. */
  pullers?: number | undefined;
}

/** The report of a process. */
export interface Result {
  name: string;
  sent: number;
  received: number;
  missed: number;
  /** Wrong replies, and messages out of order. */
  wrong: number;
  /** From the first message to the last. */
  seconds: number;
  /** Median latency in microseconds. Undefined for roles that measure none. */
  p50Us?: number;
  p99Us?: number;
  /** Puller: one bit for each id, as base64. */
  ids?: string;
}

/** A line on a process's standard output. */
export type Report =
  | { event: "ready" }
  | { event: "progress"; done: number }
  | { event: "done"; result: Result };

/** A line on a process's standard input. The end of the input means that the demo has ended. */
export type Order = "go" | "stop";

/** The message of all scenes: a small object. */
export interface Reading {
  id: number;
  /** Time of sending, by the clock that all processes share. */
  sentUs: number;
  joint: string;
  position: [number, number, number];
}

/** A reading. Id -1 marks the end. */
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
