/**
 * Topics of the fuzzer's messages: publishers that send with them, and what subscribers must then be told.
 *
 * @module
 */

import { Publisher, type SubscriberOptions } from "../../../mod.ts";
import type { Random } from "../../support/random.ts";

type Bytes = Uint8Array<ArrayBufferLike>;

const WANTED = ["t.1", `t.${"long".repeat(40)}`];
const TOPICS = [...WANTED, "other", "o"];

/** Options of the subscribers, by role. */
export const TOPIC_SUBSCRIBERS: Record<string, SubscriberOptions> = {
  chooser: { topics: ["t.*"] },
  newest: { topics: ["t.*"], conflate: true },
};

/** Lets each call of a publisher send with a topic that is chosen at random. */
export function announcing<P extends Publisher<Bytes>>(publisher: P, random: Random): P {
  const sendMany: (values: Iterable<Bytes>, options: object) => number =
    Publisher.prototype.sendMany;
  const { send, sendSync, sendAsync, loan } = Publisher.prototype;
  const topic = () => ({ topic: random.pick(TOPICS) });
  return Object.assign(publisher, {
    send: (value: Bytes) => send.call(publisher, value, topic()),
    sendMany: (values: Bytes[]) => sendMany.call(publisher, values, topic()),
    sendSync: (value: Bytes, options: object) =>
      sendSync.call(publisher, value, { ...options, ...topic() }),
    sendAsync: (value: Bytes, options: object) =>
      sendAsync.call(publisher, value, { ...options, ...topic() }),
    loan: (byteLength: number) => loan.call(publisher, byteLength, topic()),
  });
}

/** Throws if a subscriber that chooses was told a topic that it does not choose, or that was never sent. */
export function checkTopic(socket: object): void {
  const { topic } = socket as { topic?: string };
  if (topic === undefined || !WANTED.includes(topic)) {
    throw new Error(`a message arrived with the topic ${JSON.stringify(topic)}`);
  }
}
