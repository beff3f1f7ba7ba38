/**
 * The protocol between a test and an agent in a process of its own: lines of JSON.
 *
 * @module
 */

import { linesOf } from "../lib/base/lines.ts";
import { parseJson, stringifyJson } from "../lib/message/json.ts";

/** A call of the agent's backend. */
export type AgentCall =
  | "storeMessage"
  | "getMessagesForTopic"
  | "getMessagesForTopicSince"
  | "getMessagesStoredAfter"
  | "getMessagesById"
  | "testConnection"
  | "openTopic"
  | "closeTopic";

/** A message from the test. */
export interface AgentRequest {
  readonly id: number;
  readonly call: AgentCall;
  /** Messages as their JSON, ids as bigints. */
  readonly args: readonly unknown[];
}

/** Code of a `TypeError`: the call was misuse. */
export const MISUSE = "misuse";

/** How a call failed. */
export interface AgentFailure {
  /** Code of the error, if it has one. */
  readonly code: string | undefined;
  readonly message: string;
}

/** A message from the agent. */
export type AgentReply =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: AgentFailure }
  | { readonly topic: string; readonly message: unknown };

/** The messages in a stream of lines. */
export async function* readMessages<T>(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<T> {
  for await (const line of linesOf(stream, { completeOnly: true })) yield parseJson(line) as T;
}

/** Encodes a message as a line. */
export function toLine(message: AgentRequest | AgentReply): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(stringifyJson(message) + "\n");
}
