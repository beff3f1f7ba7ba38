// Every connection that this module opens, to a peer that closes, resets, stays silent or replies with garbage at
// each step: the call settles in time with a documented error or succeeds later, and the process lives.

import assert from "node:assert/strict";
import { RingbusError } from "../../mod.ts";
import { SharedMemoryMessagingBackend, SharedMemoryServer } from "../../backends/http/mod.ts";
import { RedisMessageQueue } from "../../backends/queue/redis/mod.ts";
import { ManagerBackend, RedisBackend } from "../../backends/state/mod.ts";
import { EmbeddedMessagingBackend, EmbeddedServer, StateHost } from "../../backends/tcp/mod.ts";
import { redisDiagnostics } from "../../cli/doctor/redis.ts";
import { redisServer } from "../../testing/mod.ts";
import { within } from "../support/deadline.ts";
import { type BehaviourName, HostilePeer } from "../support/hostile_peer.ts";

const AUTHKEY = new Uint8Array(32).fill(7);
const STEPS = [0, 1, 2, 3, 4, 5];
/** How peers break off. What else they may do in the place of an answer, `hostile_servers.ts` tests. */
const WAYS: readonly BehaviourName[] = [
  "closes at the first bytes",
  "resets at the first bytes",
  "replies with garbage in several protocols",
  "replies with one byte, then closes",
  "says nothing",
];

interface Client {
  /** Starts the server that it is made for. */
  serve(): Promise<AsyncDisposable & { port: number }>;
  /** Opens a connection to a port, and uses it. */
  use(port: number): Promise<unknown>;
  /** How long it waits for a silent peer, if that is longer than a test may take. */
  readonly skips?: readonly BehaviourName[];
}

const redis = redisServer;

async function embedded(): Promise<AsyncDisposable & { port: number }> {
  const server = new EmbeddedServer({ port: 0, state: new StateHost({ authkey: AUTHKEY }) });
  const port = await server.start();
  return { port, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

async function http(): Promise<AsyncDisposable & { port: number }> {
  const server = new SharedMemoryServer({ port: 0 });
  const { port } = new URL(await server.start());
  return { port: Number(port), [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

const CLIENTS: Record<string, Client> = {
  "the queue": {
    serve: redis,
    async use(port) {
      const config = { deadlineMs: 1500, commandTimeoutMs: 300 };
      const redisUrl = `redis://127.0.0.1:${port}`;
      await using queue = new RedisMessageQueue({ redisUrl, ...config });
      await queue.initialize();
      await using _subscription = queue.subscribe("tasks", "worker");
      await queue.publish({ channel: "tasks", payload: 1, sourceAgent: "boss" });
    },
  },
  "the state on Redis": {
    serve: redis,
    async use(port) {
      await using backend = new RedisBackend({ redisUrl: `redis://127.0.0.1:${port}` });
      await backend.connect();
    },
  },
  "the doctor": {
    serve: redis,
    use: (port) => redisDiagnostics(`redis://127.0.0.1:${port}`),
  },
  "the state on a manager": {
    serve: embedded,
    async use(port) {
      await using backend = new ManagerBackend({
        managerAddress: ["127.0.0.1", port],
        managerAuthkey: AUTHKEY,
      });
      await backend.bufferThreadLen("t");
    },
    skips: ["says nothing"],
  },
  "messages over TCP": {
    serve: embedded,
    async use(port) {
      await using backend = new EmbeddedMessagingBackend({
        host: "127.0.0.1",
        port,
        timeoutMs: 1500,
      });
      await backend.publish("topic", 1);
    },
  },
  "messages over HTTP": {
    serve: http,
    async use(port) {
      await using backend = new SharedMemoryMessagingBackend({
        serverUrl: `http://127.0.0.1:${port}`,
        timeoutMs: 1500,
      });
      await backend.hset("key", "field", 1);
    },
  },
};

/** Uses a client through a peer that breaks off at a step. */
async function meet(
  name: string,
  client: Client,
  port: number,
  way: BehaviourName,
  step: number,
): Promise<void> {
  await using peer = await HostilePeer.between(port, way, step);
  const about = `${name}, a peer that ${way} at step ${step}`;
  const used = Promise.allSettled([client.use(peer.port)]);
  const [outcome] = await within(used, `the end of ${about}`, 60_000);
  if (outcome.status === "fulfilled") return;
  const { reason } = outcome;
  assert.ok(reason instanceof RingbusError, `${about}: ${reason?.stack}`);
}

/** Uses a client through peers that break off in all ways at all steps. */
async function meetAll(name: string, client: Client): Promise<void> {
  await using server = await client.serve();
  const ways = WAYS.filter((way) => !client.skips?.includes(way));
  await Promise.all(
    ways.flatMap((way) => STEPS.map((step) => meet(name, client, server.port, way, step))),
  );
}

Deno.test("every client outlives a peer that ends in any way at any step", () =>
  // Most of the time is that of silent peers, for which all wait together.
  Promise.all(Object.entries(CLIENTS).map(([name, client]) => meetAll(name, client))).then(
    () => {},
  ));
