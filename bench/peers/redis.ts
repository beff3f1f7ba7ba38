/**
 * Publish and subscribe of Redis as a peer: two channels of one redis-server, which the listening side starts. The
 * address is the file with the URL of the server.
 */
import { createClient } from "@redis/client";
import { type Endpoint, listens } from "../../cli/benchmark/peers/roles.js";
import { redisServer } from "../../testing/mod.ts";
import { exitWithHarness, nowNs } from "./clock.ts";
import { harness, playForHarness } from "./shared/control.js";
import { readTask } from "./shared/task.js";

const CHANNELS = ["to-listener", "to-sender"];
/** Messages that may be on their way to the server: a program does not wait for each reply. */
const MAX_PENDING = 1024;

/** Messages that have arrived, and who waits for the next one. */
class Arrivals {
  #messages: Uint8Array[] = [];
  #next = 0;
  #waiting: PromiseWithResolvers<Uint8Array> | undefined;

  add(message: Uint8Array): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) this.#messages.push(message);
    else waiting.resolve(message);
  }

  /** The connection is lost. At the end of a run nobody waits any more. */
  fail(error: unknown): void {
    this.#waiting?.reject(error);
  }

  take(): Promise<Uint8Array> {
    if (this.#next < this.#messages.length) {
      return Promise.resolve(this.#messages[this.#next++]);
    }
    this.#messages = [];
    this.#next = 0;
    this.#waiting = Promise.withResolvers();
    return this.#waiting.promise;
  }
}

/** A client whose calls fail when the connection is lost; the server ends with the side that started it. */
function connectOnce(url: string, onError: (error: unknown) => void) {
  const client = createClient({ url, socket: { reconnectStrategy: false } });
  client.on("error", onError);
  return client.connect();
}

async function connect(url: string, from: string, to: string): Promise<Endpoint> {
  const arrivals = new Arrivals();
  const subscriber = await connectOnce(url, (error) => arrivals.fail(error));
  const publisher = await connectOnce(url, () => {});
  await subscriber.subscribe(from, (message: Uint8Array) => arrivals.add(message), true);
  let pending = 0;
  let sent: Promise<unknown> = Promise.resolve();
  return {
    receive: () => arrivals.take(),
    async send(message) {
      sent = publisher.publish(to, Buffer.from(message));
      if (++pending < MAX_PENDING) return;
      pending = 0;
      await sent;
    },
    async close() {
      await sent;
      for (const client of [publisher, subscriber]) if (client.isOpen) client.destroy();
    },
  };
}

exitWithHarness();
const task = readTask();
const host = harness(task, nowNs);
const isListener = listens(task.role);
// The server would end the connection of a subscriber that is slower than the publisher.
const config = { "client-output-buffer-limit": "pubsub 0 0 0" };
await using server = isListener ? await redisServer({ config }) : undefined;
const [from, to] = isListener ? CHANNELS : CHANNELS.toReversed();
const url = server?.url ?? Deno.readTextFileSync(task.address);
const endpoint = await connect(url, from, to);
if (isListener) {
  Deno.writeTextFileSync(task.address, url);
  host.say({ event: "ready" });
}
await playForHarness(endpoint, task, nowNs);
