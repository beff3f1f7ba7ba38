/**
 * A messaging backend whose calls are executed by an agent in a process of its own.
 *
 * @module
 */

import { text } from "../lib/base/option_checks.ts";
import { MessagingConfig } from "../backends/messaging_config.ts";
import { checkNoMore } from "../lib/base/checks.ts";
import { STORE_OPTIONS } from "../backends/messaging/options.ts";
import { withTimer } from "../lib/base/timer.ts";
import { programCommand } from "../backends/hosting/program_command.ts";
import { BaseMessagingBackend, checkMessage } from "../backends/messaging/base.ts";
import type { StoreMessageOptions } from "../backends/messaging/backend.ts";
import type { MessagingConfigInit } from "../backends/messaging/config.ts";
import {
  MessagingConnectionError,
  MessagingError,
  MessagingRefusedError,
} from "../backends/messaging/errors.ts";
import { Message } from "../lib/message/message.ts";
import {
  type AgentCall,
  type AgentFailure,
  type AgentReply,
  type AgentRequest,
  MISUSE,
  readMessages,
  toLine,
} from "./agent_protocol.ts";

/** Milliseconds in which an agent must end by itself. */
const END_MS = 5000;
/** Code of `MessagingRefusedError`. */
const REFUSED = "messaging-refused";

/** A messaging backend in a process of its own. */
export class AgentBackend extends BaseMessagingBackend {
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #pending = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #listening: Promise<void>;
  #calls = 0;

  /** Starts the process, which creates the backend of a configuration. */
  constructor(config: MessagingConfigInit) {
    checkNoMore("new AgentBackend()", arguments, 1);
    const checked = new MessagingConfig(config);
    super();
    const program = new URL("./agent_program.ts", import.meta.url);
    this.#process = programCommand({
      module: program.href,
      permissions: ["-A"],
      args: [describe(checked)],
      whenCompiled: { remedy: "run the test with deno test" },
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#input = this.#process.stdin.getWriter();
    this.#listening = this.#listen();
  }

  /** Process id, to send it signals. */
  get pid(): number {
    return this.#process.pid;
  }

  async #listen(): Promise<void> {
    for await (const reply of readMessages<AgentReply>(this.#process.stdout)) {
      this.#handleReply(reply);
    }
    const gone = new MessagingConnectionError("the agent ended", `process ${this.pid}`);
    for (const { reject } of this.#pending.values()) reject(gone);
  }

  #handleReply(reply: AgentReply): void {
    if ("topic" in reply) {
      return this.dispatch(Message.fromJson(reply.message), { topic: reply.topic });
    }
    const pending = this.#pending.get(reply.id)!;
    this.#pending.delete(reply.id);
    if ("value" in reply) pending.resolve(reply.value);
    else pending.reject(toError(reply.error));
  }

  async #call(call: AgentCall, ...args: unknown[]): Promise<unknown> {
    this.checkOpen();
    return await this.#request(call, ...args);
  }

  async #request(call: AgentCall, ...args: unknown[]): Promise<unknown> {
    const request: AgentRequest = { id: this.#calls++, call, args };
    const reply = Promise.withResolvers<unknown>();
    this.#pending.set(request.id, reply);
    try {
      await this.#input.write(toLine(request));
    } catch (cause) {
      this.#pending.delete(request.id);
      throw new MessagingConnectionError("the agent is gone", `process ${this.pid}`, { cause });
    }
    return await reply.promise;
  }

  async #callForMessages(call: AgentCall, ...args: unknown[]): Promise<Message[]> {
    const messages = await this.#call(call, ...args) as unknown[];
    return messages.map((message) => Message.fromJson(message));
  }

  /** Stores a message from the agent's process. */
  override async storeMessage(
    namespace: string,
    topic: string,
    message: Message,
    options: StoreMessageOptions = {},
  ): Promise<void> {
    checkNoMore("storeMessage()", arguments, 4);
    STORE_OPTIONS.check(options);
    checkMessage(message);
    await this.#call("storeMessage", namespace, topic, message.toObject(), options);
  }

  /** Fetches all messages of a topic in the agent's process. */
  override async getMessagesForTopic(topic: string): Promise<Message[]> {
    checkNoMore("getMessagesForTopic()", arguments, 1);
    text("topic", topic);
    return await this.#callForMessages("getMessagesForTopic", topic);
  }

  /** Fetches the messages after an id in the agent's process. */
  override async getMessagesForTopicSince(topic: string, sinceId: bigint): Promise<Message[]> {
    checkNoMore("getMessagesForTopicSince()", arguments, 2);
    text("topic", topic);
    return await this.#callForMessages("getMessagesForTopicSince", topic, sinceId);
  }

  /** Fetches the messages that were stored after one in the agent's process. */
  override async getMessagesStoredAfter(topic: string, id: bigint): Promise<Message[]> {
    checkNoMore("getMessagesStoredAfter()", arguments, 2);
    text("topic", topic);
    return await this.#callForMessages("getMessagesStoredAfter", topic, id);
  }

  /** Fetches messages by id in the agent's process. */
  override async getMessagesById(namespace: string, ids: readonly bigint[]): Promise<Message[]> {
    checkNoMore("getMessagesById()", arguments, 2);
    return await this.#callForMessages("getMessagesById", namespace, ids);
  }

  /** Rejects if the agent cannot reach its store. */
  override async testConnection(): Promise<void> {
    checkNoMore("testConnection()", arguments, 0);
    await this.#call("testConnection");
  }

  /** Subscribes the agent to a topic. */
  protected override async openTopic(topic: string): Promise<void> {
    await this.#call("openTopic", topic);
  }

  /** Unsubscribes the agent from a topic. */
  protected override async closeTopic(topic: string): Promise<void> {
    await this.#call("closeTopic", topic);
  }

  /** Agents have no patterns. */
  protected override openPattern(pattern: string): Promise<void> {
    return Promise.reject(
      new TypeError(
        `cannot subscribe an agent in another process to the pattern "${pattern}": use topics`,
      ),
    );
  }

  /** Agents have no patterns. */
  protected override closePattern(): Promise<void> {
    return Promise.resolve();
  }

  /** Ends the process. */
  protected override async close(): Promise<void> {
    // Fails if the process is gone.
    await this.#input.close().catch(() => {});
    await withTimer(this.#process.status, END_MS, () => this.#process.kill("SIGKILL"));
    await this.#listening;
  }
}

function describe({ backendModule, backendClass, backendConfig }: MessagingConfigInit): string {
  return JSON.stringify({ backendModule, backendClass, backendConfig });
}

function toError({ code, message }: AgentFailure): Error {
  if (code === REFUSED) return new MessagingRefusedError(message);
  return code === MISUSE ? new TypeError(message) : new MessagingError(message);
}
