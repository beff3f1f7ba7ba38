// A wall clock that is set forward or back changes no time to live and no lease, in any store.

import assert from "node:assert/strict";
import {
  InMemoryMessageQueue,
  InMemoryMessagingBackend,
  type MessagingBackend,
  ShmMessagingBackend,
} from "../../mod.ts";
import { SharedMemoryMessagingBackend, SharedMemoryServer } from "../../backends/http/mod.ts";
import {
  InMemoryBackend,
  ManagerBackend,
  type SharedBackend,
  ShmBackend,
} from "../../backends/state/mod.ts";
import { EmbeddedMessagingBackend, EmbeddedServer, StateHost } from "../../backends/tcp/mod.ts";
import { platform } from "../../lib/platform/mod.ts";
import { until } from "../support/deadline.ts";
import { WallClock } from "../support/wall_clock.ts";
import { inScratch } from "../support/scratch.ts";
import { makeMessage } from "./messaging/transport.ts";
import { nextOf, task } from "./queue/stage.ts";

const HOUR_MS = 3_600_000;
/** Long enough to be there when the clock has been set, and short enough to wait for its end. */
const SHORT_SECONDS = 0.3;
const LONG_SECONDS = 1800;

// The C library stays loaded: a test that opened it would seem to leak it.
platform();

/** Something that expires. */
interface Expiring {
  add(name: string, ttlSeconds: number): Promise<unknown>;
  has(name: string): Promise<boolean>;
}

type OpenStore = (stack: AsyncDisposableStack, dir: string) => Promise<Expiring>;

function messages(backend: MessagingBackend): Expiring {
  return {
    add: (topic, ttlSeconds) => backend.storeMessage("n", topic, makeMessage(), { ttlSeconds }),
    has: async (topic) => (await backend.getMessagesForTopic(topic)).length > 0,
  };
}

/** Each thread of shared state has the time to live of its backend. */
function threads(open: (ttlSeconds: number) => SharedBackend): Expiring {
  const backends = new Map<string, SharedBackend>();
  return {
    add(name, ttlSeconds) {
      backends.set(name, open(ttlSeconds));
      return backends.get(name)!.bufferAppend(name, Uint8Array.of(1));
    },
    has: async (name) => (await backends.get(name)!.bufferListThreads()).length > 0,
  };
}

const STORES: Record<string, OpenStore> = {
  "messages in memory": (stack) =>
    Promise.resolve(messages(stack.use(new InMemoryMessagingBackend()))),
  "keys in memory": (stack) => {
    const backend = stack.use(new InMemoryMessagingBackend());
    return Promise.resolve({
      add: (key, ex) => backend.set(key, 1, { ex }),
      has: async (key) => await backend.get(key) !== null,
    });
  },
  "messages in shared memory": (stack, dir) =>
    Promise.resolve(messages(stack.use(new ShmMessagingBackend({ name: "m", dir })))),
  "messages over HTTP": async (stack) => {
    const server = stack.use(new SharedMemoryServer());
    const serverUrl = await server.start();
    return messages(stack.use(new SharedMemoryMessagingBackend({ serverUrl })));
  },
  "messages over TCP": async (stack) => {
    const server = stack.use(new EmbeddedServer({ port: 0 }));
    const port = await server.start();
    return messages(stack.use(new EmbeddedMessagingBackend({ port, autoStartServer: false })));
  },
  "state in memory": (stack) =>
    Promise.resolve(threads((ttlSeconds) => stack.use(new InMemoryBackend({ ttlSeconds })))),
  "state in shared memory": (stack, dir) =>
    Promise.resolve(threads((ttlSeconds) => {
      const shmName = `s${ttlSeconds}`;
      return stack.use(new ShmBackend({ dir, shmName, ttlSeconds }));
    })),
  "state of a manager": async (stack) => {
    const managerAuthkey = new TextEncoder().encode("the key of the tests");
    const addresses = new Map<number, [string, number]>();
    for (const ttlSeconds of [SHORT_SECONDS, LONG_SECONDS]) {
      const state = new StateHost({ authkey: managerAuthkey, ttlSeconds });
      const server = stack.use(new EmbeddedServer({ port: 0, state }));
      addresses.set(ttlSeconds, ["127.0.0.1", await server.start()]);
    }
    return threads((ttlSeconds) => {
      const managerAddress = addresses.get(ttlSeconds)!;
      return stack.use(new ManagerBackend({ managerAddress, managerAuthkey, ttlSeconds }));
    });
  },
  "a queue in memory": async (stack) => {
    const queue = stack.use(new InMemoryMessageQueue());
    await queue.initialize();
    const ids = new Map<string, string>();
    return {
      add: async (name, ttlSeconds) => {
        ids.set(name, (await queue.publish({ ...task(1), ttlSeconds })).id);
      },
      has: async (name) => (await queue.get(ids.get(name)!)) != null,
    };
  },
};

for (const aheadMs of [HOUR_MS, -HOUR_MS]) {
  const direction = aheadMs > 0 ? "forward" : "back";
  Deno.test(`a wall clock that is set ${direction} moves no time to live in any store`, () =>
    inScratch(async ({ path }) => {
      using clock = new WallClock();
      await using stack = new AsyncDisposableStack();
      const stores = await Promise.all(
        Object.entries(STORES).map(async ([name, open]) => {
          const store = await open(stack, path);
          await store.add("long", LONG_SECONDS);
          await store.add("short", SHORT_SECONDS);
          return { name, store };
        }),
      );
      clock.set(aheadMs);
      for (const { name, store } of stores) {
        assert.ok(await store.has("long"), `${name}: it is there after the clock was set`);
      }
      for (const { name, store } of stores) {
        await until(async () => !await store.has("short"), `${name}: the expiry of what is over`);
        assert.ok(await store.has("long"), `${name}: it is there after the other one expired`);
      }
    }));
}

Deno.test("a queue in memory: a wall clock that is set moves no lease, and dates follow it", async () => {
  using clock = new WallClock();
  for (const [aheadMs, leaseSeconds] of [[HOUR_MS, LONG_SECONDS], [-HOUR_MS, SHORT_SECONDS]]) {
    clock.set(0);
    await using queue = new InMemoryMessageQueue({ leaseSeconds });
    await queue.initialize();
    const subscription = queue.subscribe("tasks", "worker");
    await queue.publish(task(1));
    const first = await nextOf(subscription);
    clock.set(aheadMs);
    const isShort = leaseSeconds === SHORT_SECONDS;
    if (isShort) assert.equal((await nextOf(subscription)).attempts, 2);
    else assert.equal((await queue.getPending("worker"))[0].attempts, 1);
    const later = await queue.publish(task(2));
    const movedMs = later.createdAt.getTime() - first.createdAt.getTime();
    assert.ok(Math.abs(movedMs - aheadMs) < HOUR_MS / 2, `${movedMs} ms`);
  }
});
