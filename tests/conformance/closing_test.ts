// Each thing that can be closed can be closed again, in any order, and by its own callbacks.

import assert from "node:assert/strict";
import {
  type ChannelOptions,
  GemstoneGenerator,
  InMemoryMessageQueue,
  InMemoryMessagingBackend,
  LocalChannel,
  Message,
  type MessagingBackend,
  Publisher,
  Puller,
  Pusher,
  Replier,
  Requester,
  ShmMessagingBackend,
  Store,
  Subscriber,
} from "../../mod.ts";
import {
  SharedMemoryMessagingBackend,
  SharedMemoryServer,
  startSharedMemoryServer,
} from "../../backends/http/mod.ts";
import { RedisMessageQueue } from "../../backends/queue/redis/mod.ts";
import {
  getSharedBackend,
  InMemoryBackend,
  ManagerBackend,
  RedisBackend,
  resetSharedBackend,
  ShmBackend,
} from "../../backends/state/mod.ts";
import { EmbeddedMessagingBackend, EmbeddedServer, StateHost } from "../../backends/tcp/mod.ts";
import { redisServer } from "../../testing/mod.ts";
import { within } from "../support/deadline.ts";
import { inScratch } from "../support/scratch.ts";

/** Closes something; a promise when that takes time. */
type Close = () => void | Promise<void>;

/** Each order of up to three. */
function orders<T>(items: readonly T[]): T[][] {
  if (items.length < 2) return [[...items]];
  return items.flatMap((first, at) =>
    orders(items.toSpliced(at, 1)).map((rest) => [first, ...rest])
  );
}

/** Closes in every order, each twice: one after the other, and at once. */
async function closeInAllOrders(open: () => Promise<Close[]>): Promise<void> {
  const count = (await closeTwice(await open())).length;
  for (const order of orders(Array.from({ length: count }, (_, at) => at))) {
    const closes = await open();
    await closeTwice(order.map((at) => closes[at]));
    const atOnce = await open();
    await within(
      Promise.all(
        order.flatMap((at) => [atOnce[at], atOnce[at]]).map((close) => Promise.resolve(close())),
      ),
      "closing at once",
    );
  }
}

async function closeTwice(closes: Close[]): Promise<Close[]> {
  for (const close of [...closes, ...closes]) {
    await within(Promise.resolve(close()), "closing one after the other");
  }
  return closes;
}

/** The sockets of a pattern. */
type Target = ConstructorParameters<typeof Publisher>[0];
const SOCKETS: Record<string, (target: Target, options: ChannelOptions) => Disposable[]> = {
  "a publisher and a subscriber": (target, options) => [
    new Publisher(target, options),
    new Subscriber(target, options),
  ],
  "a pusher and a puller": (target, options) => [
    new Pusher(target, options),
    new Puller(target, options),
  ],
  "a requester and a replier": (target, options) => [
    new Requester(target, options),
    new Replier(target, options),
  ],
};

const disposal = (socket: Disposable): Close => () => socket[Symbol.dispose]();

for (const [name, open] of Object.entries(SOCKETS)) {
  Deno.test(`${name} close twice, in any order`, async () => {
    await closeInAllOrders(() => {
      const channel = LocalChannel.create();
      return Promise.resolve([...open(channel.handle, {}), channel].map(disposal));
    });
  });

  Deno.test(
    `${name} of a named channel close twice, in any order`,
    () =>
      inScratch(async ({ path: dir }) => {
        await closeInAllOrders(() => Promise.resolve(open("closing", { dir }).map(disposal)));
      }),
  );
}

Deno.test("a socket closes within what it calls", async () => {
  using channel = LocalChannel.create();
  const replier = new Replier<number, number>(channel.handle);
  using requester = new Requester<number, number>(channel.handle);
  const serving = replier.serve((request) => {
    replier.close();
    replier.close();
    channel.close();
    return request;
  });
  await assert.rejects(requester.request(1, { timeoutMs: 30_000 }));
  await within(serving, "the end of serve()");

  using queue = LocalChannel.create();
  using pusher = new Pusher<number>(queue.handle);
  const puller = new Puller<number>(queue.handle);
  pusher.send(1);
  for await (const _ of puller) {
    puller.close();
    puller.close();
  }
});

let nextPort: Promise<number> | undefined;
/** A port that was free a moment ago. */
function freePort(): Promise<number> {
  return nextPort = (async () => {
    await nextPort?.catch(() => {});
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    return (listener.addr as Deno.NetAddr).port;
  })();
}

/** Backends with the servers that they use. */
interface Stage {
  readonly backend: MessagingBackend;
  readonly others: Close[];
}

const STAGES: Record<string, (dir: string) => Promise<Stage>> = {
  memory: () => Promise.resolve({ backend: new InMemoryMessagingBackend(), others: [] }),
  "shared memory": (dir) =>
    Promise.resolve({ backend: new ShmMessagingBackend({ name: "closing", dir }), others: [] }),
  async "HTTP with a server"() {
    const server = new SharedMemoryServer();
    const serverUrl = await server.start();
    const backend = new SharedMemoryMessagingBackend({ serverUrl, autoStartServer: false });
    return { backend, others: [() => server.stop()] };
  },
  async "HTTP with a server of its own"() {
    return await Promise.resolve({ backend: new SharedMemoryMessagingBackend(), others: [] });
  },
  async "HTTP with a worker"() {
    const server = await startSharedMemoryServer({ serverMode: "worker" });
    const backend = new SharedMemoryMessagingBackend({ serverUrl: server.url });
    return { backend, others: [() => server.stop()] };
  },
  async "HTTP with a process"() {
    const server = await startSharedMemoryServer({ serverMode: "process" });
    const backend = new SharedMemoryMessagingBackend({ serverUrl: server.url });
    return { backend, others: [() => server.stop()] };
  },
  async "TCP with a server"() {
    const server = new EmbeddedServer({ port: 0 });
    const port = await server.start();
    const backend = new EmbeddedMessagingBackend({ port, autoStartServer: false });
    return { backend, others: [() => server.stop()] };
  },
  async "TCP with a server of its own"() {
    return { backend: new EmbeddedMessagingBackend({ port: await freePort() }), others: [] };
  },
  async "both servers on one store"() {
    const store = new Store();
    const http = new SharedMemoryServer({ store });
    const tcp = new EmbeddedServer({ store, port: 0 });
    await http.start();
    const backend = new EmbeddedMessagingBackend({ port: await tcp.start() });
    return { backend, others: [() => http.stop(), () => tcp.stop()] };
  },
};

const generator = new GemstoneGenerator(1);

async function storeOne(backend: MessagingBackend): Promise<void> {
  const message = new Message({
    idObj: generator.getId(),
    sender: { id: "test" },
    topics: "closing",
    payload: {},
  });
  await backend.storeMessage("test", "closing", message);
}

for (const [name, open] of Object.entries(STAGES)) {
  Deno.test(
    `messages by ${name}: the backend and its server close twice, in any order`,
    () =>
      inScratch(async ({ path: dir }) => {
        await closeInAllOrders(async () => {
          const { backend, others } = await open(dir);
          await backend.subscribe("closing", () => {});
          return [() => backend.cleanup(), ...others];
        });
      }),
  );

  Deno.test(
    `messages by ${name}: the backend and its server close within a handler`,
    () =>
      inScratch(async ({ path: dir }) => {
        const { backend, others } = await open(dir);
        const closed = Promise.withResolvers<void>();
        await backend.subscribe("closing", async () => {
          const closes = [() => backend.cleanup(), ...others];
          await closeTwice(closes).then(() => closed.resolve(), closed.reject);
        });
        // The connection may end before the reply arrives.
        await storeOne(backend).catch(() => {});
        await within(closed.promise, "the end of the handler");
      }),
  );
}

for (const serverMode of ["worker", "process"] as const) {
  Deno.test(`a server in a ${serverMode} stops twice, also at once`, async () => {
    await closeInAllOrders(async () => {
      const server = await startSharedMemoryServer({ serverMode });
      return [() => server.stop()];
    });
  });
}

Deno.test("a server stops within the observer of a request", async () => {
  const stopped = Promise.withResolvers<void>();
  const server: SharedMemoryServer = new SharedMemoryServer({
    onRequest: () => {
      Promise.all([server.stop(), server.stop()]).then(() => stopped.resolve(), stopped.reject);
      return () => {};
    },
  });
  const url = await server.start();
  await fetch(`${url}/health`).then((response) => response.body?.cancel(), () => {});
  await within(stopped.promise, "the end of stop()");
});

Deno.test("a server of HTTP or TCP that stops can start again at once", async () => {
  for (const server of [new SharedMemoryServer(), new EmbeddedServer({ port: 0 })]) {
    await server.start();
    const stopping = server.stop();
    await server.start();
    await Promise.all([stopping, server.stop(), server.stop()]);
  }
});

Deno.test("queues close twice, also within a delivery", async () => {
  await using redis = await redisServer();
  const makeQueue = [
    () => new InMemoryMessageQueue(),
    () => new RedisMessageQueue({ redisUrl: redis.url }),
  ];
  for (const make of makeQueue) {
    await closeInAllOrders(async () => {
      const queue = make();
      await queue.initialize();
      return [() => queue.close()];
    });
    const unopened = make();
    await closeTwice([() => unopened.close()]);

    const queue = make();
    await queue.initialize();
    const subscription = queue.subscribe("closing", "agent");
    await subscription.ready;
    await queue.publish({ channel: "closing", sourceAgent: "a", targetAgent: "agent", payload: 1 });
    for await (const _ of subscription) {
      await closeTwice([() => queue.close(), async () => void await subscription.return!()]);
    }
  }
});

Deno.test(
  "backends of state close twice, in any order",
  () =>
    inScratch(async ({ path: dir }) => {
      await using redis = await redisServer();
      const managerAuthkey = crypto.getRandomValues(new Uint8Array(32));
      await closeInAllOrders(async () => {
        const port = 0;
        const server = new EmbeddedServer({
          port,
          state: new StateHost({ authkey: managerAuthkey }),
        });
        const managerAddress: [string, number] = ["127.0.0.1", await server.start()];
        const backend = new ManagerBackend({ managerAddress, managerAuthkey });
        await backend.bufferAppend("thread", Uint8Array.of(1));
        return [() => backend.close(), () => server.stop()];
      });
      const makeBackend = [
        () => new InMemoryBackend(),
        () => new ShmBackend({ shmName: "closing", dir }),
        () => new RedisBackend({ redisUrl: redis.url }),
        () => new RedisBackend({ redisUrl: "redis://127.0.0.1:1" }),
      ];
      for (const make of makeBackend) {
        await closeInAllOrders(() => {
          const backend = make();
          return Promise.resolve([() => backend.close()]);
        });
      }
      for (const make of makeBackend.slice(0, 3)) {
        const backend = make();
        await backend.bufferAppend("thread", Uint8Array.of(1));
        await closeTwice([() => backend.close()]);
      }
      const shared = await getSharedBackend({ backendType: "memory" });
      await closeTwice([() => shared.close(), () => resetSharedBackend()]);
    }),
);
