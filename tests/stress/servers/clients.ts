/**
 * Our clients, for the run against hostile servers.
 *
 * @module
 */

import { Message } from "../../../mod.ts";
import { SharedMemoryMessagingBackend } from "../../../backends/http/mod.ts";
import { RedisMessageQueue } from "../../../backends/queue/redis/mod.ts";
import { ManagerBackend, RedisBackend } from "../../../backends/state/mod.ts";
import { EmbeddedMessagingBackend } from "../../../backends/tcp/mod.ts";

/** A client, and calls to it that need the server. */
export interface Client {
  readonly calls: Readonly<Record<string, () => Promise<unknown>>>;
  close(): Promise<void>;
}

/** How to make a client. */
export interface ClientKind {
  readonly name: string;
  /** How long a call may take, by its options or by itself. */
  readonly deadlineMs: number;
  make(port: number): Client;
}

const TIMEOUT_MS = 300;
const BYTES = Uint8Array.of(1, 2, 3);

const message = new Message({
  id: 1n,
  sender: { id: "s", name: "Sender" },
  topics: "t",
  payload: { n: 1 },
});

/** All clients. */
export const CLIENTS: readonly ClientKind[] = [
  { name: "http", deadlineMs: TIMEOUT_MS, make: messagingOn(httpBackend) },
  { name: "tcp", deadlineMs: TIMEOUT_MS, make: messagingOn(tcpBackend) },
  { name: "queue on redis", deadlineMs: TIMEOUT_MS, make: queueClient },
  { name: "state on redis", deadlineMs: 30_000, make: (port) => stateClient(redisState(port)) },
  { name: "state manager", deadlineMs: 30_000, make: (port) => stateClient(managerState(port)) },
];

type Messaging = SharedMemoryMessagingBackend | EmbeddedMessagingBackend;

function httpBackend(port: number): Messaging {
  return new SharedMemoryMessagingBackend({
    serverUrl: `http://127.0.0.1:${port}`,
    timeoutMs: TIMEOUT_MS,
  });
}

function tcpBackend(port: number): Messaging {
  return new EmbeddedMessagingBackend({ port, timeoutMs: TIMEOUT_MS, autoStartServer: false });
}

function messagingOn(open: (port: number) => Messaging): (port: number) => Client {
  return (port) => {
    const backend = open(port);
    return {
      calls: {
        test: () => backend.testConnection(),
        store: () => backend.storeMessage("n", "t", message),
        get: () => backend.getMessagesForTopic("t"),
        byId: () => backend.getMessagesById("n", [1n, 2n]),
        publish: () => backend.publish("c", { n: 1 }),
        subscribe: () => backend.subscribe("t", () => {}),
        psubscribe: () => backend.psubscribe("t*", () => {}),
      },
      close: () => backend.cleanup(),
    };
  };
}

function queueClient(port: number): Client {
  const queue = new RedisMessageQueue({
    redisUrl: `redis://user:secret@127.0.0.1:${port}`,
    deadlineMs: TIMEOUT_MS,
  });
  const publish = () =>
    queue.publish({ channel: "c", payload: {}, sourceAgent: "a", targetAgent: "b" });
  return {
    calls: {
      initialize: () => queue.initialize(),
      publish,
      count: () => queue.count(),
      clear: () => queue.clear(),
    },
    close: () => queue.close(),
  };
}

type State = RedisBackend | ManagerBackend;

function redisState(port: number): State {
  return new RedisBackend({ redisUrl: `redis://127.0.0.1:${port}` });
}

function managerState(port: number): State {
  return new ManagerBackend({
    managerAddress: ["127.0.0.1", port],
    managerAuthkey: new Uint8Array(32).fill(1),
  });
}

function stateClient(backend: State): Client {
  return {
    calls: {
      append: () => backend.bufferAppend("t", BYTES),
      read: () => backend.bufferGetThread("t"),
      ping: () => backend.ping(),
    },
    close: async () => await backend.close(),
  };
}
