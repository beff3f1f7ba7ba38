/**
 * Messaging backends. Arguments: port of a TCP server, `memory`, or a directory for shared memory; what to
 * measure, how often. Prints a figure as `load.ts` does.
 */
import { InMemoryMessagingBackend, type Message, ShmMessagingBackend, Store } from "../../mod.ts";
import { EmbeddedMessagingBackend } from "../../backends/tcp/mod.ts";
import { median } from "../../cli/benchmark/stats.ts";
import { makeMessage } from "./protocol.ts";

const IN_FLIGHT = 200;
const MESSAGES_READ = 10;
/** Before a measurement this part of the calls is made: what is called is compiled meanwhile. */
const WARM_UP = 1 / 5;

const [target, measure, count] = Deno.args;
const store = new Store();

function open() {
  if (target === "memory") return new InMemoryMessagingBackend({ store });
  if (target.startsWith("/")) return new ShmMessagingBackend({ name: "bench", dir: target });
  return new EmbeddedMessagingBackend({ port: Number(target), autoStartServer: false });
}

await using backend = open();
await using other = open();

async function callOften(times: number, work: () => Promise<unknown>): Promise<void> {
  let left = times;
  await Promise.all(Array.from({ length: IN_FLIGHT }, async () => {
    while (left-- > 0) await work();
  }));
}

async function rateOf(work: () => Promise<unknown>): Promise<number> {
  const calls = Number(count);
  await callOften(calls * WARM_UP, work);
  const startMs = performance.now();
  await callOften(calls, work);
  return calls / ((performance.now() - startMs) / 1000);
}

function storeOne(): Promise<void> {
  return backend.storeMessage("bench", "t", makeMessage());
}

async function gets(): Promise<number> {
  for (let i = 0; i < MESSAGES_READ; i++) await storeOne();
  return await rateOf(() => backend.getMessagesForTopic("t"));
}

/** Median of the time from a store to the handler's call. */
async function push(): Promise<number> {
  let arrived: (message: Message) => void = () => {};
  await other.subscribe("t", (message) => arrived(message));
  const micros: number[] = [];
  const warmUp = Math.floor(Number(count) * WARM_UP);
  for (let i = 0; i < warmUp + Number(count); i++) {
    const received = new Promise<Message>((resolve) => arrived = resolve);
    const startMs = performance.now();
    const stored = storeOne();
    await received;
    micros.push((performance.now() - startMs) * 1000);
    await stored;
  }
  return median(micros.slice(warmUp));
}

const MEASURES: Record<string, () => Promise<number>> = {
  stores: () => rateOf(storeOne),
  gets,
  push,
};

await backend.testConnection();
console.log(await MEASURES[measure]());
