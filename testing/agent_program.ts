/**
 * An agent of a test in a process of its own. It executes calls on a messaging backend until its input
 * ends, also when the test is killed.
 *
 * @module
 */

import type { MessagingConfigInit } from "../backends/messaging/config.ts";
import { parsePlainJson } from "../lib/base/plain_json.ts";
import type { MessageHandler, MessagingBackend } from "../backends/messaging/backend.ts";
import { MessagingConfig } from "../backends/messaging_config.ts";
import { errorCode } from "../lib/base/errors.ts";
import { Message } from "../lib/message/message.ts";
import {
  type AgentReply,
  type AgentRequest,
  MISUSE,
  readMessages,
  toLine,
} from "./agent_protocol.ts";

const output = Deno.stdout.writable.getWriter();

function writeReply(reply: AgentReply): void {
  // Fails when the test has ended: then this process ends, too.
  output.write(toLine(reply)).catch(() => {});
}

const forward: MessageHandler = (message, { topic }) =>
  writeReply({ topic, message: message.toObject() });

async function execute(backend: MessagingBackend, { call, args }: AgentRequest): Promise<unknown> {
  const [first, second, third, fourth] = args as never[];
  switch (call) {
    case "storeMessage":
      return await backend.storeMessage(first, second, Message.fromJson(third), fourth);
    case "openTopic":
      return await backend.subscribe(first, forward);
    case "closeTopic":
      return await backend.unsubscribe(first, forward);
    case "testConnection":
      return await backend.testConnection();
    case "getMessagesForTopic":
      return toObjects(await backend.getMessagesForTopic(first));
    // A small id arrives as a number.
    case "getMessagesForTopicSince":
      return toObjects(await backend.getMessagesForTopicSince(first, BigInt(second)));
    case "getMessagesStoredAfter":
      return toObjects(await backend.getMessagesStoredAfter(first, BigInt(second)));
    case "getMessagesById":
      return toObjects(await backend.getMessagesById(first, (second as bigint[]).map(BigInt)));
  }
}

function toObjects(messages: Message[]): unknown[] {
  return messages.map((message) => message.toObject());
}

async function handleRequest(backend: MessagingBackend, request: AgentRequest): Promise<void> {
  const { id } = request;
  try {
    writeReply({ id, value: await execute(backend, request) ?? null });
  } catch (error) {
    const { message } = error as Error;
    const code = error instanceof TypeError ? MISUSE : errorCode(error);
    writeReply({ id, error: { code, message } });
  }
}

const backend = await new MessagingConfig(parsePlainJson(Deno.args[0]) as MessagingConfigInit)
  .createBackend();
for await (const request of readMessages<AgentRequest>(Deno.stdin.readable)) {
  void handleRequest(backend, request);
}
await backend.cleanup();
Deno.exit(0);
