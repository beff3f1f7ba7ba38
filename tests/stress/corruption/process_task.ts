/**
 * What the parent of a case between processes asks of a child, and what the child answers.
 *
 * @module
 */

import { Random } from "../../support/random.ts";
import { MIN_BYTES } from "./message_verifier.ts";

/** What a child does for a while. */
export interface Part {
  role: "publisher" | "subscriber" | "pusher" | "puller" | "acknowledger" | "requester" | "replier";
  dir: string;
  capacityBytes: number;
  /** Decides calls and sizes. */
  seed: number;
  /** What this child sends is made with this key. */
  key: number;
  /** Keys of what it may receive. */
  theirKeys: number[];
  forMs: number;
}

/** What came of it. */
export interface Outcome {
  calls: number;
  /** Messages made with its key. */
  made: number;
  messages: number;
  errors: Record<string, number>;
  /** Messages that are not what their sender made: base64. */
  odd: string[];
  /** An error that damage does not explain. */
  failure?: string;
}

/** Name of the channel. */
export const CHANNEL = "fuzzed";

/** Bytes of a message, which both sides can tell. */
export function lengthOf(key: number, id: number, capacityBytes: number): number {
  const random = new Random(key, id);
  const isBig = random.chance(0.05);
  return random.between(MIN_BYTES, isBig ? capacityBytes * 3 : random.pick([24, 64, 200]));
}
