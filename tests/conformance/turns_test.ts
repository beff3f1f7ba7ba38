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
import { SharedMemoryMessagingBackend, SharedMemoryServer } from "../../backends/http/mod.ts";
import { EmbeddedMessagingBackend, EmbeddedServer, StateHost } from "../../backends/tcp/mod.ts";
import { RedisMessageQueue } from "../../backends/queue/redis/mod.ts";
import {
  InMemoryBackend,
  ManagerBackend,
  RedisBackend,
  type SharedBackend,
  ShmBackend,
} from "../../backends/state/mod.ts";
import { takeTurn } from "../../lib/base/turn.ts";
import { play } from "../../lib/recording/play.ts";
import { redisServer } from "../../testing/mod.ts";
import { cpuMs } from "../support/cpu_clock.ts";
import { inScratch } from "../support/scratch.ts";

/** A loop without turns would go on for so long, in milliseconds. */
const HUNG_MS = 10_000;
/** Processor time of a flood, in milliseconds. */
const FLOOD_MS = 100;
/** Processor time that may pass without a turn, on the average of a flood: several turns. */
const MAX_GAP_MS = 20;
/** A flood with so many turns needs no more processor time: it hardly uses any. */
const MANY_TICKS = 500;
/** Milliseconds of work for each message, as a user's handler has. */
const WORK_MS = 0.02;

function work(): void {
  const endMs = performance.now() + WORK_MS;
  while (performance.now() < endMs);
}

/** Repeats a step for some processor time, in which a timer has to fire several times. */
class Flood {
  #ticks = 0;
  readonly #timer = setInterval(() => this.#ticks++, 1);
  readonly #startMs = cpuMs();
  readonly #endMs = performance.now() + HUNG_MS;

  get isOver(): boolean {
    return cpuMs() - this.#startMs > FLOOD_MS || performance.now() > this.#endMs ||
      this.#ticks > MANY_TICKS;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    const usedMs = cpuMs() - this.#startMs;
    const least = Math.floor(usedMs / MAX_GAP_MS) - 1;
    assert(this.#ticks >= least, `a timer fired ${this.#ticks} times in ${usedMs} ms of work`);
  }

  async repeat(step: () => unknown): Promise<void> {
    while (!this.isOver) {
      await step();
      work();
    }
  }
}

Deno.test("a turn is one of timers, signals, and input and output", async () => {
  let ticks = 0, signals = 0, reads = 0;
  const onSignal = () => signals++;
  Deno.addSignalListener("SIGWINCH", onSignal);
  const timer = setInterval(() => ticks++, 1);
  using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  using client = await Deno.connect({ port: listener.addr.port });
  using peer = await listener.accept();
  let isOver = false;
  const echo = (async () => {
    for (const bytes = new Uint8Array(1); !isOver; reads++) {
      await peer.read(bytes);
      await client.write(bytes);
    }
  })();
  await client.write(new Uint8Array(1));
  const TURNS = 200;
  for (let turn = 0; turn < TURNS; turn++) {
    if (turn % 10 === 0) Deno.kill(Deno.pid, "SIGWINCH");
    const endMs = performance.now() + 2;
    while (performance.now() < endMs);
    await takeTurn();
  }
  const inTime = { ticks, signals, reads };
  clearInterval(timer);
  Deno.removeSignalListener("SIGWINCH", onSignal);
  isOver = true;
  await echo;
  assert(inTime.ticks >= TURNS / 4, `timers fired ${inTime.ticks} times`);
  assert(inTime.signals >= 5, `${inTime.signals} signals came`);
  assert(inTime.reads >= TURNS / 8, `${inTime.reads} reads ended`);
});

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

/** Repeats a call that fails until the event loop has had a turn; it has one at once or never. */
async function failUntilTurn(name: string, call: () => Promise<unknown>): Promise<void> {
  let hasTurn = false;
  const turn = setImmediate(() => hasTurn = true);
  const endMs = performance.now() + HUNG_MS;
  while (!hasTurn && performance.now() < endMs) await assert.rejects(call, name);
  clearImmediate(turn);
  assert(hasTurn, `${name}: no turn`);
}

// deno-lint-ignore no-explicit-any
type Any = any;

Deno.test("calls of sockets that fail at once, again and again, leave turns", async () => {
  using channel = LocalChannel.create();
  using requests = LocalChannel.create();
  using puller = new Puller(channel.handle);
  using acking = new Puller(channel.handle, { ack: true });
  using pusher = new Pusher(channel.handle);
  using requester = new Requester(requests.handle);
  using replier = new Replier(requests.handle);
  const wrong = { timeout: 1 } as Any;
  const calls = {
    "recv with a wrong option": () => puller.recv(wrong),
    "recv of deliveries with a wrong option": () => acking.recv(wrong),
    "recv with a wrong timeout": () => puller.recv({ timeoutMs: -1 }),
    "sendAsync with a wrong option": () => pusher.sendAsync(1, wrong),
    "request with a wrong option": () => requester.request(1, wrong),
    "recv of a requester without requests": () => requester.recv(),
    "recv of a request with a wrong option": () => replier.recv(wrong),
    "serve without a handler": () => replier.serve(undefined as Any),
  };
  for (const [name, call] of Object.entries(calls)) await failUntilTurn(name, call);
  requester.send(1);
  await replier.recv();
  await failUntilTurn("recv before a reply", () => replier.recv());
  for (const socket of [puller, acking, pusher, requester, replier]) socket.close();
  const closed = {
    "recv": () => puller.recv(),
    "recv of deliveries": () => acking.recv(),
    "sendAsync": () => pusher.sendAsync(1),
    "request": () => requester.request(1),
    "recv of a request": () => replier.recv(),
    "serve": () => replier.serve(() => 1),
  };
  for (const [name, call] of Object.entries(closed)) await failUntilTurn(`closed: ${name}`, call);
});

Deno.test("calls of backends that fail at once, again and again, leave turns", async () => {
  await inScratch(async ({ path: dir }) => {
    const backends = [
      new InMemoryMessagingBackend(),
      new ShmMessagingBackend({ name: "flood", dir }),
      new SharedMemoryMessagingBackend({ serverUrl: "http://127.0.0.1:1" }),
      new EmbeddedMessagingBackend({ autoStartServer: false }),
    ];
    for (const backend of backends as Any[]) {
      const calls: Record<string, () => Promise<unknown>> = {
        subscribe: () => backend.subscribe("t", 5),
        getMessagesForTopic: () => backend.getMessagesForTopic(5),
        getMessagesForTopicSince: () => backend.getMessagesForTopicSince("t", 5),
        getMessagesById: () => backend.getMessagesById("n", [5]),
        storeMessage: () => backend.storeMessage("n", "t", {}),
        testConnection: () => backend.testConnection(5),
        publish: () => backend.publish(5, 1),
      };
      if ("set" in backend) {
        calls.get = () => backend.get(5);
        calls.set = () => backend.set("k", 1, { ttl: 1 });
        calls.hset = () => backend.hset("k", 5, 1);
      }
      await using _ = backend;
      for (const [name, call] of Object.entries(calls)) await failUntilTurn(name, call);
      await backend.cleanup();
      const closed = {
        ...calls,
        unsubscribe: () => backend.unsubscribe("t"),
        getMessagesForTopic: () => backend.getMessagesForTopic("t"),
        testConnection: () => backend.testConnection(),
      };
      for (const [name, call] of Object.entries(closed)) {
        await failUntilTurn(`closed ${backend.constructor.name}: ${name}`, call);
      }
    }
  });
});

Deno.test("calls of a queue that fail at once, again and again, leave turns", async () => {
  await using queue = new InMemoryMessageQueue();
  const wrong = { nothing: 1 } as Any;
  const calls = {
    publish: () => queue.publish(wrong),
    get: () => queue.get("1", wrong),
    getPending: () => queue.getPending("a", wrong),
    list: () => queue.list(wrong),
    count: () => queue.count(wrong),
    acknowledge: () => queue.acknowledge("1", wrong),
    requeue: () => queue.requeue("1", wrong),
    put: () => queue.put(wrong),
    delete: () => queue.delete(5 as Any),
    unsubscribe: () => queue.unsubscribe("", "a"),
  };
  for (const state of ["not initialized", "open", "closed"]) {
    if (state === "open") await queue.initialize();
    if (state === "closed") await queue.close();
    for (const [name, call] of Object.entries(calls)) {
      await failUntilTurn(`${state}: ${name}`, call);
    }
  }
  await failUntilTurn("closed: initialize", () => queue.initialize());
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

type Backend =
  | InMemoryMessagingBackend
  | ShmMessagingBackend
  | EmbeddedMessagingBackend
  | SharedMemoryMessagingBackend;

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

Deno.test("what is closed in the middle of a turn leaves nothing running", async () => {
  await inScratch(async ({ path: dir }) => {
    const authkey = crypto.getRandomValues(new Uint8Array(32));
    const host = new EmbeddedServer({ port: 0, state: new StateHost({ authkey }) });
    const managerAddress: [string, number] = ["127.0.0.1", await host.start()];
    const web = new SharedMemoryServer();
    const serverUrl = await web.start();
    const closing: Record<string, () => Promise<void>> = {
      memory: () => new InMemoryMessagingBackend().cleanup(),
      shm: () => new ShmMessagingBackend({ name: "flood", dir }).cleanup(),
      http: () => new SharedMemoryMessagingBackend({ serverUrl }).cleanup(),
      tcp: () => new EmbeddedMessagingBackend({ port: managerAddress[1] }).cleanup(),
      queue: () => new InMemoryMessageQueue().close(),
      "queue on Redis": () => new RedisMessageQueue().close(),
      state: () => new InMemoryBackend().close(),
      "state in shared memory": () => new ShmBackend({ dir }).close(),
      "state of a manager": () =>
        new ManagerBackend({ managerAddress, managerAuthkey: authkey }).close(),
      "state on Redis": () => new RedisBackend().close(),
      "HTTP server": () => web.stop(),
      "TCP server": () => host.stop(),
    };
    for (const [what, close] of Object.entries(closing)) {
      let hasEnded = false;
      const turn = takeTurn().then(() => hasEnded = true);
      await close();
      const wasOver = hasEnded;
      await turn;
      assert.ok(wasOver, what);
    }
  });
});

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

Deno.test("a flood of calls of a backend by HTTP leaves turns to timers", async () => {
  await using server = new SharedMemoryServer();
  await using backend = new SharedMemoryMessagingBackend({ serverUrl: await server.start() });
  await floodBackend(backend);
});

Deno.test("a long response to a poll leaves turns to timers", async () => {
  await using server = new SharedMemoryServer();
  await using backend = new SharedMemoryMessagingBackend({ serverUrl: await server.start() });
  const { promise: over, resolve } = Promise.withResolvers<void>();
  using flood = new Flood();
  let received = 0;
  await backend.subscribe("news", () => {}, {
    onPublished() {
      work();
      if (++received === MANY || flood.isOver) resolve();
    },
  });
  await using local = new InMemoryMessagingBackend({ store: server.store });
  await Promise.all(Array.from({ length: MANY }, (_, n) => local.publish("news", n)));
  await over;
});

/** Messages that a subscriber finds at once. */
const MANY = 10_000;

/** Floods a port with requests, from a thread of its own. */
function floodPort(port: number, request: string): Disposable {
  const url = new URL("../support/programs/port_flood.ts", import.meta.url);
  const worker = new Worker(url, { type: "module" });
  worker.postMessage({ port, request });
  return { [Symbol.dispose]: () => worker.terminate() };
}

Deno.test("clients that flood a server by HTTP leave turns to timers", async () => {
  await using server = new SharedMemoryServer();
  const { port } = new URL(await server.start());
  using flood = new Flood();
  using _client = floodPort(Number(port), "GET /get/a HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  while (!flood.isOver) await new Promise((resolve) => setTimeout(resolve, 1));
});

Deno.test("clients that flood a server by TCP leave turns to timers", async () => {
  await using server = new EmbeddedServer({ port: 0 });
  using flood = new Flood();
  using _client = floodPort(await server.start(), 'PUBLISH news "a value"\n');
  while (!flood.isOver) await new Promise((resolve) => setTimeout(resolve, 1));
});

Deno.test("a flood of state calls leaves turns to timers", async () => {
  await inScratch(async ({ path: dir }) => {
    await using memory = new InMemoryBackend();
    await using shm = new ShmBackend({ dir });
    await floodState(memory);
    await floodState(shm);
  });
});

Deno.test("a flood of state calls of a manager and its clients leaves turns to timers", async () => {
  const authkey = crypto.getRandomValues(new Uint8Array(32));
  await using server = new EmbeddedServer({ port: 0, state: new StateHost({ authkey }) });
  await using backend = new ManagerBackend({
    managerAddress: ["127.0.0.1", await server.start()],
    managerAuthkey: authkey,
  });
  await floodState(backend);
});

async function floodState(backend: SharedBackend): Promise<void> {
  using flood = new Flood();
  await flood.repeat(() => backend.registrySet("chain", "uuid"));
  using reads = new Flood();
  await reads.repeat(() => backend.registryGetUuid("chain"));
}

type Queue = InMemoryMessageQueue | RedisMessageQueue;

async function floodQueue(queue: Queue): Promise<void> {
  await queue.initialize();
  await using messages = queue.subscribe("jobs", "worker", { prefetch: 100 });
  await messages.ready;
  const job = { channel: "jobs", sourceAgent: "test", targetAgent: "worker", payload: 1 };
  for (
    const step of [
      () => queue.getPending("nobody"),
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
}

Deno.test("a flood of a queue's calls leaves turns to timers", async () => {
  await using queue = new InMemoryMessageQueue();
  await floodQueue(queue);
});

Deno.test("a flood of calls of a queue and of a state on Redis leaves turns to timers", async () => {
  await using server = await redisServer();
  await using queue = new RedisMessageQueue({ redisUrl: server.url });
  await floodQueue(queue);
  await using state = new RedisBackend({ redisUrl: server.url });
  await floodState(state);
});

Deno.test("messages that were claimed together leave turns to timers", async () => {
  await using server = await redisServer();
  await using queue = new RedisMessageQueue({ redisUrl: server.url });
  await queue.initialize();
  const job = { channel: "jobs", sourceAgent: "test", targetAgent: "worker", payload: 1 };
  await Promise.all(Array.from({ length: 5000 }, () => queue.publish(job)));
  await using messages = queue.subscribe("jobs", "worker", { prefetch: 1000 });
  await messages.ready;
  using flood = new Flood();
  await flood.repeat(() => messages.next());
});

/** Records of a big journal: they take more than a turn to apply. */
const JOURNAL_RECORDS = 20_000;

Deno.test("to open a big journal, and to catch up with one, leaves turns to timers", async () => {
  await inScratch(async ({ path: dir }) => {
    const options = { name: "big", dir, maxBytes: 2 ** 28 };
    await using writer = new ShmMessagingBackend(options);
    const store = async () => {
      for (let n = 0; n < JOURNAL_RECORDS; n++) await writer.storeMessage("space", "t", message());
    };
    await store();
    await using opener = new ShmMessagingBackend(options);
    {
      using _flood = new Flood();
      // Calls that do not wait for each other keep their order.
      const first = opener.set("key", 1);
      const second = opener.set("key", 2);
      const read = opener.get("key");
      await Promise.all([first, second]);
      assert.equal(await read, 2);
    }
    await store();
    using _flood = new Flood();
    assert.equal((await opener.getMessagesForTopic("none")).length, 0);
  });
});

Deno.test("a backend that closes while it opens a big journal leaves nothing", async () => {
  await inScratch(async ({ path: dir }) => {
    await using writer = new ShmMessagingBackend({ name: "big", dir, maxBytes: 2 ** 28 });
    for (let n = 0; n < JOURNAL_RECORDS; n++) await writer.storeMessage("space", "t", message());
    const opener = new ShmMessagingBackend({ name: "big", dir });
    const reading = assert.rejects(opener.get("key"), { name: "MessagingClosedError" });
    await opener.cleanup();
    await reading;
  });
});

async function fillState(writer: ShmBackend): Promise<void> {
  for (let n = 0; n < JOURNAL_RECORDS; n++) {
    await writer.bufferAppend(`t${n % 200}`, new Uint8Array(8));
  }
}

Deno.test("to catch up with a big state leaves turns to timers", async () => {
  await inScratch(async ({ path: dir }) => {
    await using writer = new ShmBackend({ dir });
    await using reader = new ShmBackend({ dir });
    await fillState(writer);
    using _flood = new Flood();
    const appended = reader.bufferAppend("t0", new Uint8Array(8));
    const length = reader.bufferThreadLen("t0");
    assert.equal(await appended, JOURNAL_RECORDS / 200);
    assert.equal(await length, JOURNAL_RECORDS / 200 + 1);
  });
});

Deno.test("to open a big state leaves turns to timers", async () => {
  await inScratch(async ({ path: dir }) => {
    await using writer = new ShmBackend({ dir });
    await fillState(writer);
    let ticks = 0;
    const timer = setInterval(() => ticks++, 0);
    await using opener = new ShmBackend({ dir });
    const appended = opener.bufferAppend("t0", new Uint8Array(8));
    assert.equal((await opener.info()).threads, 200);
    assert.equal(await appended, JOURNAL_RECORDS / 200);
    clearInterval(timer);
    assert.ok(ticks > 3, `${ticks} turns`);
  });
});

Deno.test("a big state is opened synchronously, and with a limit", async () => {
  await inScratch(async ({ path: dir }) => {
    await using writer = new ShmBackend({ dir, maxThreads: 300 });
    await fillState(writer);
    await using reader = new ShmBackend({ dir });
    assert.equal(reader.infoSync().maxThreads, 300);
    assert.equal(reader.bufferThreadLenSync("t0"), JOURNAL_RECORDS / 200);
    await using limited = new ShmBackend({ dir, maxThreads: 300 });
    assert.equal(limited.bufferAppendSync("t0", new Uint8Array(8)), JOURNAL_RECORDS / 200);
    assert.throws(() => new ShmBackend({ dir, maxThreads: 301 }), { name: "ShmConnectionError" });
    new ShmBackend({ dir }).closeSync();
    assert.equal(reader.bufferThreadLenSync("t0"), JOURNAL_RECORDS / 200 + 1);
  });
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

/** The newest generation of a journal. */
function generationOf(dir: string): string {
  const names = [...Deno.readDirSync(dir)].map(({ name }) => name);
  return names.filter((name) => /^\.journal-.*-0\w+$/.test(name)).sort().at(-1)!;
}

/** Entries whose snapshot takes many turns. */
const COMPACTED_ENTRIES = 50_000;
/** Processor time that may pass without a turn, in milliseconds: a third of a snapshot at most. */
const MAX_COMPACTION_GAP_MS = 50;
/** More calls than it takes until a compaction is due. */
const MOST_CALLS = 2000;

/** Calls until the journal has been compacted, and checks that timers had their turns. */
async function compactIn(dir: string, call: (n: number) => Promise<unknown>): Promise<void> {
  const before = generationOf(dir);
  let lastMs = cpuMs();
  let gapMs = 0;
  const timer = setInterval(() => {
    const nowMs = cpuMs();
    gapMs = Math.max(gapMs, nowMs - lastMs);
    lastMs = nowMs;
  }, 1);
  for (let n = 0; generationOf(dir) === before && n < MOST_CALLS; n++) await call(n);
  await takeTurn();
  clearInterval(timer);
  assert.notEqual(generationOf(dir), before);
  assert.ok(gapMs < MAX_COMPACTION_GAP_MS, `no timer fired in ${gapMs} ms of work`);
}

Deno.test("to compact the journal of a messaging backend leaves turns to timers", async () => {
  await inScratch(async ({ path: dir }) => {
    await using backend = new ShmMessagingBackend({ name: "big", dir, maxBytes: 2 ** 28 });
    for (let n = 0; n < COMPACTED_ENTRIES; n++) await backend.set(`key${n}`, n);
    const filler = "x".repeat(60_000);
    let calls = 0;
    await compactIn(dir, async (n) => {
      await Promise.all([backend.set("key", `${n}${filler}`), backend.sadd("set", n)]);
      calls++;
    });
    assert.equal(await backend.get("key"), `${calls - 1}${filler}`);
    // Another member has the same, from the snapshot.
    await using other = new ShmMessagingBackend({ name: "big", dir });
    assert.equal((await other.stats()).keys, COMPACTED_ENTRIES + 2);
    assert.equal(await other.get("key"), `${calls - 1}${filler}`);
  });
});

/** A state with many threads. */
function bigState(dir: string): ShmBackend {
  const backend = new ShmBackend({ dir, maxThreads: COMPACTED_ENTRIES + 10 });
  for (let n = 0; n < COMPACTED_ENTRIES; n++) backend.bufferAppendSync(`t${n}`, new Uint8Array(8));
  return backend;
}

const BIG_SLOT = new Uint8Array(60_000);

Deno.test("to compact the journal of a state leaves turns to timers", async () => {
  await inScratch(async ({ path: dir }) => {
    await using backend = bigState(dir);
    await compactIn(dir, async () => {
      await backend.bufferAppend("big", BIG_SLOT);
      await backend.bufferDeleteThread("big");
    });
    await using other = new ShmBackend({ dir });
    assert.equal((await other.info()).threads, (await backend.info()).threads);
    assert.deepEqual(await other.bufferGetSlot("t7", 0), new Uint8Array(8));
  });
});

Deno.test("a synchronous call ends a compaction that runs in turns; others append meanwhile", async () => {
  await inScratch(async ({ path: dir }) => {
    await using backend = bigState(dir);
    await using other = new ShmBackend({ dir });
    const before = generationOf(dir);
    let late = 0;
    while (generationOf(dir) === before && late < MOST_CALLS) {
      // The first call may begin a compaction; the others do not wait for it.
      const appended = backend.bufferAppend("big", BIG_SLOT);
      other.bufferAppendSync("late", Uint8Array.of(late));
      assert.equal(backend.bufferThreadLenSync("late"), ++late);
      await appended;
      backend.bufferDeleteThreadSync("big");
    }
    assert.notEqual(generationOf(dir), before);
    await using joiner = new ShmBackend({ dir });
    for (const member of [backend, other, joiner]) {
      assert.equal(member.bufferThreadLenSync("late"), late);
      assert.equal((await member.info()).threads, COMPACTED_ENTRIES + 1);
    }
  });
});

Deno.test("a backend that closes while it compacts leaves nothing", async () => {
  await inScratch(async ({ path: dir }) => {
    const backend = bigState(dir);
    const files = () => [...Deno.readDirSync(dir)].length;
    const before = files();
    let calls = 0;
    while (calls++ < MOST_CALLS) {
      const appended = backend.bufferAppend("big", BIG_SLOT);
      // The file of the next generation shows that a compaction has begun.
      if (files() > before) {
        await backend.close();
        await appended;
        break;
      }
      await appended;
      await backend.bufferDeleteThread("big");
    }
    assert.ok(calls < MOST_CALLS);
    await takeTurn();
  });
});
