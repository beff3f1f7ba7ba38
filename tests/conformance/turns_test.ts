// Loops over calls that find their result at once: the event loop has its turns all the same.

import assert from "node:assert/strict";
import {
  type ChannelOptions,
  GemstoneGenerator,
  InMemoryMessageQueue,
  InMemoryMessagingBackend,
  LocalChannel,
  Message,
  Publisher,
  Puller,
  Pusher,
  Replier,
  Requester,
  ShmMessagingBackend,
  Subscriber,
} from "../../mod.ts";
import { EmbeddedMessagingBackend, EmbeddedServer } from "../../backends/tcp/mod.ts";
import { InMemoryBackend, ShmBackend } from "../../backends/state/mod.ts";
import { play } from "../../lib/recording/play.ts";
import { inScratch } from "../support/scratch.ts";

/** A loop without turns would go on for so long, in milliseconds. */
const HUNG_MS = 10_000;
/** Milliseconds of work for each message, as a user's handler has. */
const WORK_MS = 0.02;

function work(): void {
  const endMs = performance.now() + WORK_MS;
  while (performance.now() < endMs);
}

/** Repeats a step until a timer has fired several times; false if it never does. */
class Flood {
  #ticks = 0;
  readonly #timer = setInterval(() => this.#ticks++, 10);
  readonly #endMs = performance.now() + HUNG_MS;

  get isOver(): boolean {
    return this.#ticks >= 3 || performance.now() > this.#endMs;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    assert(this.#ticks >= 3, `a timer fired ${this.#ticks} times in ${HUNG_MS} ms`);
  }

  async repeat(step: () => unknown): Promise<void> {
    while (!this.isOver) {
      await step();
      work();
    }
  }
}

/** Opens what a test needs, on a channel. */
type Opened = Disposable & { readonly step: () => unknown };

function opened(step: () => unknown, ...sockets: Disposable[]): Opened {
  return {
    step,
    [Symbol.dispose]: () => sockets.forEach((socket) => socket[Symbol.dispose]()),
  };
}

type Target = ConstructorParameters<typeof Puller>[0];

const SOCKETS: Record<string, (target: Target, options?: ChannelOptions) => Opened> = {
  "Subscriber.recv": (target, options) => {
    const subscriber = new Subscriber(target, options), publisher = new Publisher(target, options);
    return opened(() => (publisher.send(1), subscriber.recv()), publisher, subscriber);
  },
  "Subscriber's iteration": (target, options) => {
    const subscriber = new Subscriber(target, options), publisher = new Publisher(target, options);
    const messages = subscriber[Symbol.asyncIterator]();
    return opened(() => (publisher.send(1), messages.next()), publisher, subscriber);
  },
  "Puller.recv": (target, options) => {
    const puller = new Puller(target, options), pusher = new Pusher(target, options);
    return opened(() => (pusher.send(1), puller.recv()), pusher, puller);
  },
  "Puller.recv that acknowledges": (target, options) => {
    const puller = new Puller(target, { ...options, ack: true }),
      pusher = new Pusher(target, options);
    const step = async () => {
      pusher.send(1);
      (await puller.recv()).ack();
    };
    return opened(step, pusher, puller);
  },
  "Puller.recv that finds nothing": (target, options) => {
    const puller = new Puller(target, options);
    return opened(() => puller.recv({ timeoutMs: 0 }).catch(() => {}), puller);
  },
  "Puller.recv that finds its limit reached": (target, options) => {
    const puller = new Puller(target, { ...options, ack: true, maxUnacked: 1 });
    const pusher = new Pusher(target, options);
    pusher.send(1);
    const held = puller.tryRecv();
    assert(held !== undefined);
    const acknowledge = { [Symbol.dispose]: () => held.ack() };
    return opened(() => puller.recv({ timeoutMs: 0 }).catch(() => {}), pusher, acknowledge, puller);
  },
  "Pusher.sendAsync": (target, options) => {
    const puller = new Puller(target, options), pusher = new Pusher(target, options);
    return opened(
      async () => {
        await pusher.sendAsync(1);
        puller.tryRecv();
      },
      pusher,
      puller,
    );
  },
  "Pusher.sendAsync to a full ring": (target, options) => {
    const pusher = new Pusher(target, options), puller = new Puller(target, options);
    while (pusher.send(1));
    const drain = { [Symbol.dispose]: () => puller.drain() };
    return opened(
      () => pusher.sendAsync(1, { timeoutMs: 0 }).catch(() => {}),
      pusher,
      drain,
      puller,
    );
  },
  "Requester.request and Replier.serve": (target, options) => {
    const requester = new Requester(target, options), replier = new Replier(target, options);
    void replier.serve((value) => value);
    return opened(() => requester.request(1), requester, replier);
  },
  "Requester.recv and Replier.recv": (target, options) => {
    const requester = new Requester(target, options), replier = new Replier(target, options);
    return opened(
      async () => {
        requester.send(1);
        replier.send(await replier.recv());
        await requester.recv();
      },
      requester,
      replier,
    );
  },
};

for (const [name, open] of Object.entries(SOCKETS)) {
  Deno.test(`a flood of ${name} leaves turns to timers, between workers`, async () => {
    using channel = LocalChannel.create({ capacityBytes: 65_536 });
    using sockets = open(channel.handle);
    using flood = new Flood();
    await flood.repeat(sockets.step);
  });

  Deno.test(`a flood of ${name} leaves turns to timers, between processes`, async () => {
    await inScratch(async ({ path: dir }) => {
      using sockets = open("flood", { dir });
      using flood = new Flood();
      await flood.repeat(sockets.step);
    });
  });
}

Deno.test("a flood of Replier.serve with requests that fail leaves turns to timers", async () => {
  using channel = LocalChannel.create();
  using requester = new Requester(channel.handle);
  using replier = new Replier(channel.handle);
  void replier.serve(() => {
    throw new Error("refused");
  });
  using flood = new Flood();
  await flood.repeat(() => requester.request(1).catch(() => {}));
});

Deno.test("a flood leaves turns to input and output", async () => {
  using channel = LocalChannel.create();
  using puller = new Puller(channel.handle);
  using pusher = new Pusher(channel.handle);
  await using server = Deno.serve({ port: 0, onListen() {} }, () => new Response("yes"));
  const url = `http://127.0.0.1:${server.addr.port}`;
  let replies = 0;
  const asking = (async () => {
    while (replies < 20) {
      await (await fetch(url)).text();
      replies++;
    }
  })();
  const endMs = performance.now() + HUNG_MS;
  while (replies < 20 && performance.now() < endMs) {
    pusher.send(1);
    await puller.recv();
    work();
  }
  const inTime = replies;
  await asking;
  assert.equal(inTime, 20);
});

const generator = new GemstoneGenerator(1);

function message(): Message {
  return new Message({
    idObj: generator.getId(),
    sender: { id: "test", name: "Test" },
    topics: "flood",
    payload: {},
  });
}

type Backend = InMemoryMessagingBackend | ShmMessagingBackend | EmbeddedMessagingBackend;

async function floodBackend(backend: Backend): Promise<void> {
  for (
    const step of [
      () => backend.storeMessage("space", "flood", message(), { ttlSeconds: 1 }),
      () => backend.getMessagesForTopic("none"),
      () => backend.publish("none", 1),
      () => backend.storeMessage("", "flood", message()).catch(() => {}),
    ]
  ) {
    using flood = new Flood();
    await flood.repeat(step);
  }
  await floodHandlers(backend);
}

/** Two handlers that publish for each other, and wait for nothing. */
async function floodHandlers(backend: Backend): Promise<void> {
  using flood = new Flood();
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const replying = (channel: string) => ({
    onPublished() {
      work();
      if (flood.isOver) resolve();
      else backend.publish(channel, 1).catch(resolve);
    },
  });
  await backend.subscribe("ping", () => {}, replying("pong"));
  await backend.subscribe("pong", () => {}, replying("ping"));
  await backend.publish("ping", 1);
  await over;
}

Deno.test("a flood of calls of a backend in memory leaves turns to timers", async () => {
  await using backend = new InMemoryMessagingBackend();
  await floodBackend(backend);
});

Deno.test("a flood of calls of a backend in shared memory leaves turns to timers", async () => {
  await inScratch(async ({ path: dir }) => {
    await using backend = new ShmMessagingBackend({ name: "flood", dir });
    await floodBackend(backend);
  });
});

Deno.test("a flood of calls of a backend by TCP leaves turns to timers", async () => {
  await using server = new EmbeddedServer({ port: 0 });
  const port = await server.start();
  await using backend = new EmbeddedMessagingBackend({ port, autoStartServer: false });
  await floodBackend(backend);
});

Deno.test("a flood of state calls leaves turns to timers", async () => {
  await inScratch(async ({ path: dir }) => {
    await using memory = new InMemoryBackend();
    await using shm = new ShmBackend({ dir });
    for (const backend of [memory, shm]) {
      using flood = new Flood();
      await flood.repeat(() => backend.registrySet("chain", "uuid"));
      using reads = new Flood();
      await reads.repeat(() => backend.registryGetUuid("chain"));
    }
  });
});

Deno.test("a flood of a queue's calls leaves turns to timers", async () => {
  await using queue = new InMemoryMessageQueue();
  await queue.initialize();
  await using messages = queue.subscribe("jobs", "worker", { prefetch: 100 });
  await messages.ready;
  const job = { channel: "jobs", sourceAgent: "test", targetAgent: "worker", payload: 1 };
  for (
    const step of [
      () => queue.getPending("none"),
      () => queue.exists("none"),
      async () => {
        await queue.publish(job);
        const { value } = await messages.next();
        await queue.acknowledge(value!);
      },
    ]
  ) {
    using flood = new Flood();
    await flood.repeat(step);
  }
});

Deno.test("a recording that is played without waits leaves turns to timers", async () => {
  using flood = new Flood();
  function* endless() {
    while (!flood.isOver) yield { timeMs: 0, flags: 0, bytes: new Uint8Array() };
  }
  const sender = { sendEncoded: () => Promise.resolve(), [Symbol.dispose]: () => {} };
  const { signal } = new AbortController();
  await play(endless() as never, sender as never, { speed: Infinity, signal, onSent: work });
});
