/**
 * The protocols of the load. Commands are encoded before the clock starts. Each has a known number of
 * response lines.
 */
import { GemstoneGenerator, Message } from "../../mod.ts";

/** A protocol whose commands and responses are lines. */
export interface Protocol {
  store(topic: string, message: Message): string;
  get(topic: string): string;
  /** Lines of the response to a `get` of so many messages. */
  getLines(messages: number): number;
}

function encode(message: Message): string {
  return `JSON:${new TextEncoder().encode(message.stringify()).toBase64()}`;
}

const line: Protocol = {
  store: (topic, message) => `STORE_MESSAGE bench ${topic} ${encode(message)}\r\n`,
  get: (topic) => `GET_MESSAGES ${topic}\r\n`,
  getLines: () => 1,
};

function resp(...words: string[]): string {
  const bulks = words.map((word) => `$${new TextEncoder().encode(word).length}\r\n${word}\r\n`);
  return `*${words.length}\r\n${bulks.join("")}`;
}

/** The nearest that Redis has: a sorted set for a topic. */
const redis: Protocol = {
  store: (topic, message) => resp("ZADD", topic, String(message.timestamp), message.stringify()),
  get: (topic) => resp("ZRANGE", topic, "0", "-1"),
  getLines: (messages) => 1 + 2 * messages,
};

export const PROTOCOLS: Record<string, Protocol> = { line, redis };

const generator = new GemstoneGenerator(1);

/** A message of the size that agents send. */
export function makeMessage(): Message {
  return new Message({
    idObj: generator.getId(),
    sender: { id: "bench", name: "Bench" },
    topics: "bench",
    payload: { task: "process_data", text: "x".repeat(64) },
  });
}
