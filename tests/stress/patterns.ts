/**
 * The differences between the patterns: their processes, and the checks of a round.
 *
 * @module
 */

import type { ProcessCounts } from "./process_pool.ts";
import type { Figures } from "./figures.ts";
import type { Record } from "./round.ts";
import type { Part } from "./task.ts";
import { verifyAck } from "./verify_ack.ts";
import { type BroadcastState, verifyBroadcast } from "./verify_broadcast.ts";
import { noHistory, verifyHistory } from "./verify_history.ts";
import { verifyQueue } from "./verify_queue.ts";
import { verifyRequests } from "./verify_requests.ts";

/** Names of the patterns on the command line. */
export type PatternName = "pubsub" | "history" | "topics" | "queue" | "requests" | "ack";

/** Checks the rounds of one session in their order. */
export type Verifier = (records: readonly Record[]) => Partial<Figures>;

/** A pattern. */
export interface Pattern {
  kind: "queue" | "broadcast" | "request";
  senders: Part;
  receivers: Part;
  processCounts: ProcessCounts;
  createVerifier(): Verifier;
}

/** The patterns by name. */
export const PATTERNS: { [name in PatternName]: Pattern } = {
  pubsub: {
    kind: "broadcast",
    senders: "publisher",
    receivers: "subscriber",
    processCounts: { publisher: 3, subscriber: 3 },
    createVerifier: broadcastVerifier,
  },
  history: {
    kind: "broadcast",
    senders: "publisher",
    receivers: "latecomer",
    processCounts: { publisher: 3, latecomer: 3 },
    createVerifier() {
      let state = noHistory();
      return (records) => {
        const result = verifyHistory(records, state);
        state = result.state;
        const { delivered, missed } = result;
        return { messages: delivered, missed };
      };
    },
  },
  topics: {
    kind: "broadcast",
    senders: "announcer",
    receivers: "chooser",
    processCounts: { announcer: 3, chooser: 3 },
    createVerifier: broadcastVerifier,
  },
  queue: {
    kind: "queue",
    senders: "pusher",
    receivers: "puller",
    processCounts: { pusher: 3, puller: 3 },
    createVerifier() {
      let positions = new Map<number, number>();
      return (records) => {
        const result = verifyQueue(records, positions);
        positions = result.positions;
        const { delivered, takenByDead } = result;
        return { messages: delivered, takenByDead };
      };
    },
  },
  requests: {
    kind: "request",
    senders: "requester",
    receivers: "replier",
    processCounts: { requester: 3, replier: 3 },
    createVerifier() {
      return (records) => {
        const { replied, lost, lostAfterMs } = verifyRequests(records);
        return { messages: replied, takenByDead: lost, lostAfterMs };
      };
    },
  },
  ack: {
    kind: "queue",
    senders: "pusher",
    receivers: "acknowledger",
    processCounts: { pusher: 3, acknowledger: 3 },
    createVerifier() {
      let positions = new Map<number, number>();
      return (records) => {
        const result = verifyAck(records, positions);
        positions = result.positions;
        const { delivered, redelivered, doubled } = result;
        return { messages: delivered, redelivered, doubled };
      };
    },
  },
};

function broadcastVerifier(): Verifier {
  let state: BroadcastState = { positions: new Map(), missed: new Map() };
  return (records) => {
    const result = verifyBroadcast(records, state);
    state = result.state;
    const { delivered, missed } = result;
    return { messages: delivered, missed };
  };
}
