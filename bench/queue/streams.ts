/**
 * Redis streams with nothing on top, through the same client: no priority, expiry, filters or retries.
 * Arguments: URL, messages, how many at a time.
 */
import { createClient, createCluster } from "@redis/client";
import { type Payload, type QueuePeer, runPeer } from "./workload.ts";

const [url, ...rest] = Deno.args;
const STREAM = `{bench}:${crypto.randomUUID()}`;
const GROUP = "worker";

function connect() {
  if (!url.startsWith("redis-cluster://")) return createClient({ url });
  const nodes = url.slice("redis-cluster://".length).split(",");
  return createCluster({ rootNodes: nodes.map((node) => ({ url: `redis://${node}` })) });
}

class Streams implements QueuePeer {
  readonly #client = connect();
  /** A blocking read needs its own connection: it delays later commands on the same one. */
  readonly #reader = connect();
  #consumers = 0;

  async open(): Promise<this> {
    await Promise.all([this.#client.connect(), this.#reader.connect()]);
    await this.#client.xGroupCreate(STREAM, GROUP, "$", { MKSTREAM: true });
    return this;
  }

  publish(payload: Payload): Promise<unknown> {
    return this.#client.xAdd(STREAM, "*", { source: "boss", payload: JSON.stringify(payload) });
  }

  consume(inFlight: number, onDone: () => void): Promise<() => Promise<void>> {
    const name = `consumer ${this.#consumers++}`;
    let isStopped = false;
    const consuming = (async () => {
      while (!isStopped) {
        const streams = await this.#reader.xReadGroup(
          GROUP,
          name,
          { key: STREAM, id: ">" },
          { COUNT: inFlight, BLOCK: 100 },
        ) as { messages: { id: string; message: { payload: string } }[] }[] | null;
        for (const { id, message } of streams?.[0].messages ?? []) {
          JSON.parse(message.payload);
          this.#client.xAck(STREAM, GROUP, id).then(onDone);
        }
      }
    })();
    return Promise.resolve(async () => {
      isStopped = true;
      await consuming;
    });
  }

  async read100(): Promise<number> {
    const entries = await this.#client.xRevRange(STREAM, "+", "-", { COUNT: 100 }) as {
      message: { payload: string };
    }[] | null;
    return (entries ?? []).map(({ message }) => JSON.parse(message.payload)).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.del(STREAM);
    this.#client.destroy();
    this.#reader.destroy();
  }
}

await runPeer(await new Streams().open(), rest);
