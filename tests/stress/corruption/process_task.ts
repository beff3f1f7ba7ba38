/**
 * The tasks that the parent of a case between processes sends to a child, and the results of the child.
 *
 * @module
 */

import { Random } from "../../support/random.ts";
import { MIN_BYTES } from "./message_verifier.ts";

/** The task of a child. */
export interface Part {
  role:
    | "publisher"
    | "subscriber"
    | "announcer"
    | "chooser"
    | "newest"
    | "pusher"
    | "puller"
    | "acknowledger"
    | "requester"
    | "replier";
  dir: string;
  capacityBytes: number;
  /** Seed of its calls and sizes. */
  seed: number;
  /** Key of the messages that it sends. */
  key: number;
  /** Keys of the messages that it may receive. */
  theirKeys: number[];
  forMs: number;
}

/** The result of a task. */
export interface Outcome {
  calls: number;
  /** Messages made with its key. */
  made: number;
  messages: number;
  errors: Record<string, number>;
  /** Messages that differ from what their sender made, as base64. */
  odd: string[];
  /** An error that damage does not explain. */
  failure?: string;
}

/** Name of the channel. */
export const CHANNEL = "fuzzed";

/** Bytes of a message, which both sides compute. */
export function lengthOf(key: number, id: number, capacityBytes: number): number {
  const random = new Random(key, id);
  const isBig = random.chance(0.05);
  return random.between(MIN_BYTES, isBig ? capacityBytes * 3 : random.pick([24, 64, 200]));
}
