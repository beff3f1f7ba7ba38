/** A queue of Ringbus as a peer of the benchmark. */
import type { MessageQueue } from "../../mod.ts";
import type { Payload, QueuePeer } from "./workload.ts";

/** Publishes in one queue object, and consumes in the same or another one. */
export class RingbusPeer implements QueuePeer {
  readonly #publisher: MessageQueue;
  readonly #consumer: MessageQueue;
  readonly #agents: readonly string[];
  #next = 0;

  /** Opens the queues; messages go to the agents by turns. */
  constructor(publisher: MessageQueue, consumer = publisher, agents: readonly string[] = ["a"]) {
    this.#publisher = publisher;
    this.#consumer = consumer;
    this.#agents = agents;
  }

  async open(): Promise<this> {
    await this.#publisher.initialize();
    await this.#consumer.initialize();
    return this;
  }

  publish(payload: Payload): Promise<unknown> {
    const targetAgent = this.#agents[this.#next++ % this.#agents.length];
    return this.#publisher.publish({ channel: "tasks", payload, sourceAgent: "boss", targetAgent });
  }

  async consume(inFlight: number, onDone: () => void): Promise<() => Promise<void>> {
    const subscriptions = this.#agents.map((agent) =>
      this.#consumer.subscribe("tasks", agent, { prefetch: inFlight })
    );
    const consumers = subscriptions.map(async (subscription) => {
      for await (const record of subscription) this.#consumer.acknowledge(record).then(onDone);
    });
    await Promise.all(subscriptions.map(({ ready }) => ready));
    return async () => {
      await Promise.all(subscriptions.map((subscription) => subscription.return()));
      await Promise.all(consumers);
    };
  }

  async read100(): Promise<number> {
    const records = await Promise.all(
      this.#agents.map((agent) => this.#consumer.getPending(agent, { channel: "tasks" })),
    );
    return records.flat().length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#publisher.clear();
    await this.#consumer.close();
    await this.#publisher.close();
  }
}
