/**
 * The topics of the stress test: which message has which, and which of them subscribers choose.
 *
 * @module
 */

import type { Label } from "./message.ts";

/** Messages in a row that have one topic: those of one call that sends many. */
const RUN = 8;
const WANTED = ["pose.arm", `pose.${"long".repeat(50)}`];
const TOPICS = [WANTED[0], "battery", WANTED[1]];

/** Patterns of subscribers that choose. */
export const CHOSEN = ["pose.*"];

/** The topic of a message. */
export function topicOf({ stream, sequence }: Label): string {
  return TOPICS[(stream + Math.floor(sequence / RUN)) % TOPICS.length];
}

/** How many of the next messages of a stream have the same topic. */
export function runOf(sequence: number): number {
  return RUN - sequence % RUN;
}

/** Throws if a message with a topic arrived that it was not sent with, or that the subscriber does not choose. */
export function checkTopic(label: Label, topic: string | undefined): void {
  const sent = topicOf(label);
  if (topic === sent && WANTED.includes(sent)) return;
  throw new Error(`message ${label.sequence} of ${label.stream} arrived with the topic ${topic}`);
}
