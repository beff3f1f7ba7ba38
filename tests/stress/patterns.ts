/**
 * What differs between the patterns: who takes part, and how a round is judged.
 *
 * @module
 */

import type { Places } from "./process_pool.ts";
import type { Figures } from "./figures.ts";
import type { Record } from "./round.ts";
import type { Part } from "./task.ts";
import { judgeAck } from "./verify_ack.ts";
import { type BroadcastState, judgeBroadcast } from "./verify_broadcast.ts";
import { judgeQueue } from "./verify_queue.ts";
import { judgeRequests } from "./verify_requests.ts";

/** Names of the patterns on the command line. */
export type PatternName = "pubsub" | "queue" | "requests" | "ack";

/** Judges the rounds of one session in their order. */
export type Judge = (records: readonly Record[]) => Partial<Figures>;

/** A pattern. */
export interface Pattern {
  kind: "queue" | "broadcast" | "request";
  senders: Part;
  receivers: Part;
  places: Places;
  judge(): Judge;
}

/** The patterns by name. */
export const PATTERNS: { [name in PatternName]: Pattern } = {
  pubsub: {
    kind: "broadcast",
    senders: "publisher",
    receivers: "subscriber",
    places: { publisher: 3, subscriber: 3 },
    judge() {
      let state: BroadcastState = { positions: new Map(), missed: new Map() };
      return (records) => {
        const verdict = judgeBroadcast(records, state);
        state = verdict.state;
        const { delivered, missed } = verdict;
        return { messages: delivered, missed };
      };
    },
  },
  queue: {
    kind: "queue",
    senders: "pusher",
    receivers: "puller",
    places: { pusher: 3, puller: 3 },
    judge() {
      let positions = new Map<number, number>();
      return (records) => {
        const verdict = judgeQueue(records, positions);
        positions = verdict.positions;
        const { delivered, takenByDead } = verdict;
        return { messages: delivered, takenByDead };
      };
    },
  },
  requests: {
    kind: "request",
    senders: "requester",
    receivers: "replier",
    places: { requester: 3, replier: 3 },
    judge() {
      return (records) => {
        const { replied, lost, lostAfterMs } = judgeRequests(records);
        return { messages: replied, takenByDead: lost, lostAfterMs };
      };
    },
  },
  ack: {
    kind: "queue",
    senders: "pusher",
    receivers: "acknowledger",
    places: { pusher: 3, acknowledger: 3 },
    judge() {
      let positions = new Map<number, number>();
      return (records) => {
        const verdict = judgeAck(records, positions);
        positions = verdict.positions;
        const { delivered, again, doubled } = verdict;
        return { messages: delivered, again, doubled };
      };
    },
  },
};
