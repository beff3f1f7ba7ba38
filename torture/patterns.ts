/**
 * What differs between the patterns: who takes part, and how a round is judged.
 *
 * @module
 */

import type { Places } from "./crew.ts";
import type { Record } from "./round.ts";
import type { Part } from "./task.ts";
import { judgeAck } from "./verify_ack.ts";
import { type BroadcastState, judgeBroadcast } from "./verify_broadcast.ts";
import { judgeQueue } from "./verify_queue.ts";
import { judgeRequests } from "./verify_requests.ts";

/** Names of the patterns on the command line. */
export type PatternName = "pubsub" | "queue" | "requests" | "ack";

/** What a round came to. */
export interface Verdict {
  /** Messages that arrived; replies, of requests. */
  messages: number;
  /** Messages that subscribers counted as missed. */
  missed: number;
  /** Messages that dead receivers had taken, requests that were lost with their repliers. */
  takenByDead: number;
  /** Deliveries of messages that had been delivered before, to pullers that acknowledge. */
  again: number;
  /** Messages that were done twice, because a puller died while it took them. */
  doubled: number;
  /** Milliseconds from a replier's death to each error that it caused. */
  lostAfterMs: number[];
}

/** Judges the rounds of one session in their order. */
export type Judge = (records: readonly Record[]) => Verdict;

/** A pattern. */
export interface Pattern {
  kind: "queue" | "broadcast" | "request";
  senders: Part;
  receivers: Part;
  places: Places;
  judge(): Judge;
}

const NOTHING: Verdict = {
  messages: 0,
  missed: 0,
  takenByDead: 0,
  again: 0,
  doubled: 0,
  lostAfterMs: [],
};

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
        return { ...NOTHING, messages: delivered, missed };
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
        return { ...NOTHING, messages: delivered, takenByDead };
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
        return { ...NOTHING, messages: replied, takenByDead: lost, lostAfterMs };
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
        return { ...NOTHING, messages: delivered, again, doubled };
      };
    },
  },
};
