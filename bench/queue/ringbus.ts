/** `RedisMessageQueue`. Arguments: URL, partitions, replicas to wait for, messages, how many at a time. */
import { RedisMessageQueue } from "../../backends/queue/redis/mod.ts";
import { type Payload, type QueuePeer, runPeer } from "./workload.ts";

const [redisUrl, partitions, minReplicas, ...rest] = Deno.args;

/** One agent in one partition; with more, enough to be in all of them. */
const agents = Array.from({ length: Number(partitions) === 1 ? 1 : 24 }, (_, i) => `agent_${i}`);

class Ringbus implements QueuePeer {
  readonly #queue = new RedisMessageQueue({
    redisUrl,
    partitions: Number(partitions),
    minReplicas: Number(minReplicas),
    // A namespace keeps its number of partitions.
    namespace: Number(partitions) > 3 ? `by-${partitions}` : "default",
    maxItems: 1_000_000,
  });
  #next = 0;

  async open(): Promise<this> {
    await this.#queue.initialize();
    return this;
  }

  publish(payload: Payload): Promise<unknown> {
    const targetAgent = agents[this.#next++ % agents.length];
    return this.#queue.publish({ channel: "tasks", payload, sourceAgent: "boss", targetAgent });
  }

  async consume(inFlight: number, onDone: () => void): Promise<() => Promise<void>> {
    const subscriptions = agents.map((agent) =>
      this.#queue.subscribe("tasks", agent, { prefetch: inFlight })
    );
    const consumers = subscriptions.map(async (subscription) => {
      for await (const record of subscription) this.#queue.acknowledge(record).then(onDone);
    });
    await Promise.all(subscriptions.map(({ ready }) => ready));
    return async () => {
      await Promise.all(subscriptions.map((subscription) => subscription.return()));
      await Promise.all(consumers);
    };
  }

  async read100(): Promise<number> {
    const records = await Promise.all(
      agents.map((agent) => this.#queue.getPending(agent, { channel: "tasks" })),
    );
    return records.flat().length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#queue.clear();
    await this.#queue.close();
  }
}

await runPeer(await new Ringbus().open(), rest);
