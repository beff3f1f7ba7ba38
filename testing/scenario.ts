/**
 * Several agents that exchange messages, in this process or in processes of their own.
 *
 * @module
 */

import { checkNoMore } from "../lib/base/checks.ts";
import type { MessagingBackend } from "../backends/messaging/backend.ts";
import type { MessagingConfig } from "../backends/messaging_config.ts";
import type { Message } from "../lib/message/message.ts";
import { oneOf } from "../lib/base/option_checks.ts";
import { OptionRules } from "../lib/base/option_rules.ts";
import { formatValue } from "../lib/base/options.ts";
import { AgentBackend } from "./agent_backend.ts";
import { MessageCollector, waitForMessages, type WaitForMessagesOptions } from "./messages.ts";
import { sharedMessagingConfig } from "./shared_memory.ts";
import { socketMessagingConfig } from "./socket_messaging.ts";

/** Options of a scenario. */
export interface DistributedTestScenarioOptions {
  /** The protocol of the server: HTTP, or lines over TCP. Default: `"tcp"`. */
  protocol?: "tcp" | "http";
  /** Where agents run: `"here"` (default), or each in a `"process"` of its own. */
  agents?: "here" | "process";
}

const OPTIONS = new OptionRules<DistributedTestScenarioOptions>("new DistributedTestScenario()", {
  protocol: oneOf("tcp", "http"),
  agents: oneOf("here", "process"),
});

type Config = MessagingConfig & AsyncDisposable;

const CONFIGS: Record<"tcp" | "http", () => Promise<Config>> = {
  tcp: socketMessagingConfig,
  http: sharedMessagingConfig,
};

/**
 * A server, and agents by name, each with a backend.
 *
 * @example
 * ```ts
 * import { GemstoneGenerator, Message } from "@ringbus/ringbus";
 * import { DistributedTestScenario } from "@ringbus/ringbus/testing";
 *
 * await using scenario = new DistributedTestScenario({ agents: "process" });
 * await scenario.createBackend("agent1");
 * const sender = await scenario.createBackend("agent2");
 * await scenario.setupSubscriber("agent1", "news");
 * const message = new Message({
 *   idObj: new GemstoneGenerator(1).getId(),
 *   sender: { id: "agent2", name: "Agent 2" },
 *   topics: "news",
 *   payload: { text: "hello" },
 * });
 * await sender.storeMessage("demo", "news", message);
 * const [received] = await scenario.waitForMessages("agent1", "news", 1);
 * console.log(received.payload.text); // hello
 * ```
 */
export class DistributedTestScenario implements AsyncDisposable {
  readonly #options: Required<DistributedTestScenarioOptions>;
  readonly #resources = new AsyncDisposableStack();
  readonly #agents = new Map<string, MessagingBackend>();
  readonly #collectors = new Map<string, MessageCollector>();
  #config: Promise<Config> | undefined;

  /**
   * Prepares a scenario. The server starts with the first agent.
   *
   * @throws {TypeError} if an option is unknown or invalid
   */
  constructor(options: DistributedTestScenarioOptions = {}) {
    checkNoMore("new DistributedTestScenario()", arguments, 1);
    OPTIONS.check(options);
    const { protocol = "tcp", agents = "here" } = options;
    this.#options = { protocol, agents };
  }

  /**
   * Creates an agent.
   *
   * @throws {TypeError} if there is an agent with that name
   */
  async createBackend(agent: string): Promise<MessagingBackend> {
    checkNoMore("createBackend()", arguments, 1, "new DistributedTestScenario() with options");
    if (this.#agents.has(agent)) {
      throw new TypeError(`there is an agent ${formatValue(agent)} already`);
    }
    const config = await (this.#config ??= this.#open());
    const backend = this.#options.agents === "process"
      ? new AgentBackend(config)
      : await config.createBackend();
    this.#agents.set(agent, this.#resources.use(backend));
    return backend;
  }

  async #open(): Promise<Config> {
    return this.#resources.use(await CONFIGS[this.#options.protocol]());
  }

  /** Subscribes an agent to a topic. It collects the messages that are stored from now on. */
  async setupSubscriber(agent: string, topic: string): Promise<MessageCollector> {
    checkNoMore("setupSubscriber()", arguments, 2);
    const backend = this.#agents.get(agent);
    if (backend === undefined) throw unknown(agent);
    const collector = new MessageCollector();
    await backend.subscribe(topic, collector.handler);
    this.#collectors.set(keyOf(agent, topic), collector);
    return collector;
  }

  /**
   * Waits until an agent has a number of messages of a topic that it collects. Resolves with all of them.
   *
   * @throws {Error} after `timeoutMs`, with the number that arrived
   */
  async waitForMessages(
    agent: string,
    topic: string,
    count: number,
    options?: WaitForMessagesOptions,
  ): Promise<readonly Message[]> {
    checkNoMore("waitForMessages()", arguments, 4);
    const collector = this.#collectors.get(keyOf(agent, topic));
    if (collector === undefined) throw unknown(agent, ` that collects ${formatValue(topic)}`);
    return await waitForMessages(collector, count, options);
  }

  /** Ends all agents, then the server. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled([this.#config]);
    await this.#resources.disposeAsync();
  }
}

function keyOf(agent: string, topic: string): string {
  return JSON.stringify([agent, topic]);
}

function unknown(agent: string, which = ""): TypeError {
  return new TypeError(`there is no agent ${formatValue(agent)}${which}: set it up first`);
}
