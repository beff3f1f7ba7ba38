// Every public function, constructor and method that takes options rejects unknown ones and values of the
// wrong type; all reject an argument too many, but those that are handed over as listeners or callbacks. The
// calls are read from the documentation, so that a new one cannot be forgotten here.

import assert from "node:assert/strict";
import * as events from "../../lib/events/mod.ts";
import * as core from "../../mod.ts";
import * as http from "../../backends/http/mod.ts";
import * as otel from "../../otel/mod.ts";
import * as redis from "../../backends/queue/redis/mod.ts";
import * as state from "../../backends/state/mod.ts";
import * as tcp from "../../backends/tcp/mod.ts";
import * as testing from "../../testing/mod.ts";
import { RedisCluster } from "../../testing/redis_cluster.ts";
import { RedisSentinel } from "../../testing/redis_sentinel.ts";
import { RedisServer } from "../../testing/redis_server.ts";
import { TestChannels } from "../../testing/channels.ts";
import { TestProcess } from "../../testing/test_process.ts";
import { publicCalls } from "../support/public_calls.ts";
import { TestDirectory } from "./channel/directory.ts";

type Options = Record<string, unknown>;
// deno-lint-ignore no-explicit-any
type Any = any;

/** What the calls are made on. */
interface Fixture {
  readonly handle: core.LocalHandle;
  readonly requests: core.LocalHandle;
  readonly latest: core.LocalHandle;
  readonly signal: core.LocalHandle;
  readonly poller: events.Deadline;
  readonly dir: string;
  readonly message: core.Message;
  readonly queue: Any;
  readonly memory: Any;
  readonly shm: Any;
  readonly http: Any;
  readonly tcp: Any;
  readonly agent: Any;
  readonly state: Any;
  readonly remote: Any;
}

/** A call with an object of options, and options that are valid except for being too few. */
interface Case {
  readonly valid?: (fixture: Fixture) => Options;
  readonly call: (options: Any, fixture: Fixture) => unknown;
}

const KEY = new Uint8Array(16).fill(7);
const UNREACHABLE = "http://127.0.0.1:1";
const CONFIG = { backendModule: ".", backendClass: "InMemoryMessagingBackend" };
const record = (): Options => ({
  id: "1",
  createdAt: new Date(),
  updatedAt: new Date(),
  metadata: {},
  sourceAgent: "a",
  targetAgent: null,
  channel: "c",
  payload: 1,
  priority: 0,
  acknowledged: false,
  expiresAt: null,
});

const MESSAGE = { channel: "c", payload: 1, sourceAgent: "a" };

const CASES: Readonly<Record<string, Case>> = {
  "new Publisher": { call: (o, { handle }) => new core.Publisher(handle, o) },
  "new Subscriber": { call: (o, { handle }) => new core.Subscriber(handle, o) },
  "Subscriber.deadlines": {
    call: (o, { handle }) => new core.Subscriber(handle, { deadlineMs: 60_000 }).deadlines(o),
  },
  "new Pusher": { call: (o, { handle }) => new core.Pusher(handle, o) },
  "new Requester": { call: (o, { requests }) => new core.Requester(requests, o) },
  "new Replier": { call: (o, { requests }) => new core.Replier(requests, o) },
  "new Latest": { call: (o, { latest }) => new core.Latest(latest, o) },
  "Latest.set": { call: (o, { latest }) => new core.Latest(latest).set("k", 1, o) },
  "Latest.update": { call: (o, { latest }) => new core.Latest(latest).update("k", () => 1, o) },
  "Latest.watch": { call: (o, { latest }) => new core.Latest(latest).watch("k", o) },
  poll: { call: (o, { poller }) => events.poll([poller], o) },
  pollSync: { call: (o, { poller }) => events.pollSync([poller], o) },
  "Poller.wait": { call: (o, { poller }) => new events.Poller([poller]).wait(o) },
  "Poller.waitSync": { call: (o, { poller }) => new events.Poller([poller]).waitSync(o) },
  "new Signal": { call: (o, { signal }) => new core.Signal(signal, o) },
  "Signal.waitSync": { call: (o, { signal }) => new core.Signal(signal).waitSync(o) },
  "Signal.wait": { call: (o, { signal }) => new core.Signal(signal).wait(o) },
  "LocalChannel.create": { call: (o) => core.LocalChannel.create(o) },
  listChannels: { call: (o) => core.listChannels(o) },
  watchChannels: { call: (o) => core.watchChannels(o) },
  "new Channel": { call: (o, { handle }) => new core.Channel(handle, o) },
  "Channel.participants": { call: (o, { handle }) => new core.Channel(handle).participants(o) },
  removeStale: { call: (o) => core.removeStale(o) },
  "new GemstoneGenerator": { call: (o) => new core.GemstoneGenerator(1, o) },
  "new Message": {
    valid: () => ({ id: 1n, sender: {}, topics: "t", payload: {} }),
    call: (o) => new core.Message(o),
  },
  "new Store": { call: (o) => new core.Store(o) },
  "new InMemoryMessagingBackend": { call: (o) => new core.InMemoryMessagingBackend(o) },
  "new ShmMessagingBackend": {
    valid: ({ dir }) => ({ name: "n", dir }),
    call: (o) => new core.ShmMessagingBackend(o),
  },
  "new SharedMemoryMessagingBackend": {
    valid: () => ({ serverUrl: UNREACHABLE }),
    call: (o) => new http.SharedMemoryMessagingBackend(o),
  },
  "new EmbeddedMessagingBackend": { call: (o) => new tcp.EmbeddedMessagingBackend(o) },
  "InMemoryMessagingBackend.storeMessage": store(({ memory }) => memory),
  "ShmMessagingBackend.storeMessage": store(({ shm }) => shm),
  "SharedMemoryMessagingBackend.storeMessage": store(({ http }) => http),
  "EmbeddedMessagingBackend.storeMessage": store(({ tcp }) => tcp),
  "AgentBackend.storeMessage": store(({ agent }) => agent),
  "InMemoryMessagingBackend.set": { call: (o, { memory }) => memory.set("k", 1, o) },
  "ShmMessagingBackend.set": { call: (o, { shm }) => shm.set("k", 1, o) },
  "SharedMemoryMessagingBackend.set": { call: (o, { http }) => http.set("k", 1, o) },
  "BaseMessagingBackend.subscribe": { call: (o, { memory }) => memory.subscribe("t", () => {}, o) },
  "BaseMessagingBackend.psubscribe": {
    call: (o, { memory }) => memory.psubscribe("t", () => {}, o),
  },
  createSharedMessagingConfig: { call: (o) => http.createSharedMessagingConfig(o) },
  createEmbeddedMessagingConfig: { call: (o) => tcp.createEmbeddedMessagingConfig(o) },
  "new MessagingConfig": { valid: () => CONFIG, call: (o) => new http.MessagingConfig(o) },
  "new SharedMemoryServer": { call: (o) => new http.SharedMemoryServer(o) },
  "new EmbeddedServer": { call: (o) => new tcp.EmbeddedServer(o) },
  "SharedMemoryServer.stop": { call: (o) => new http.SharedMemoryServer().stop(o) },
  "EmbeddedServer.stop": { call: (o) => new tcp.EmbeddedServer().stop(o) },
  startSharedMemoryServer: { call: (o) => http.startSharedMemoryServer(o) },
  "new InMemoryMessageQueue": { call: (o) => new core.InMemoryMessageQueue(undefined, o) },
  "new InMemoryMessageQueue with a configuration": {
    call: (o) => new core.InMemoryMessageQueue(o),
  },
  "new ShmMessageQueue": {
    valid: ({ dir }) => ({ name: "n", dir }),
    call: (o) => new core.ShmMessageQueue(o),
  },
  "new RedisMessageQueue": { call: (o) => new redis.RedisMessageQueue(undefined, o) },
  "new RedisMessageQueue with a configuration": { call: (o) => new redis.RedisMessageQueue(o) },
  "QueueBase.initialize": { call: (o) => new core.InMemoryMessageQueue().initialize(o) },
  testChannels: { call: (o) => testing.testChannels(o) },
  "TestChannels.process": { call: (o) => TestChannels.prototype.process("file:///a.ts", o) },
  "TestProcess.prints": { call: (o) => TestProcess.prototype.prints("a", o) },
  "TestProcess.ended": { call: (o) => TestProcess.prototype.ended(o) },
  "QueueBase.publish": {
    valid: () => ({ ...MESSAGE }),
    call: (o, { queue }) => queue.publish(o),
  },
  "QueueBase.publishAndWait": {
    call: (o, { queue }) => queue.publishAndWait({ ...MESSAGE }, o),
  },
  "QueueBase.publishAndWait with a configuration": {
    valid: () => ({ ...MESSAGE }),
    call: (o, { queue }) => queue.publishAndWait(o, { timeoutMs: 1 }),
  },
  "QueueBase.worker": { call: (o, { queue }) => queue.worker("c", "a", () => {}, o) },
  "QueueBase.schedule": {
    valid: () => ({ ...MESSAGE }),
    call: (o, { queue }) => queue.schedule("k", { everySeconds: 60 }, o),
  },
  "QueueBase.extend": { call: (o, { queue }) => queue.extend("1", o) },
  "QueueBase.release": { call: (o, { queue }) => queue.release("1", o) },
  "QueueBase.reject": { call: (o, { queue }) => queue.reject("1", "wrong", o) },
  "QueueBase.getDelayed": { call: (o, { queue }) => queue.getDelayed(o) },
  "QueueBase.events": { call: (o, { queue }) => queue.events(o) },
  "QueueBase.purge": { call: (o, { queue }) => queue.purge("c", o) },
  "QueueBase.subscribe": { call: (o, { queue }) => queue.subscribe("c", "a", o) },
  "QueueBase.acknowledge": { call: (o, { queue }) => queue.acknowledge("1", o) },
  "QueueBase.requeue": { call: (o, { queue }) => queue.requeue("1", o) },
  "QueueBase.getPending": { call: (o, { queue }) => queue.getPending("a", o) },
  "QueueBase.getDeadLetters": { call: (o, { queue }) => queue.getDeadLetters("a", o) },
  "QueueBase.get": { call: (o, { queue }) => queue.get("1", o) },
  "QueueBase.getMany": { call: (o, { queue }) => queue.getMany(["1"], o) },
  "QueueBase.list": { call: (o, { queue }) => queue.list(o) },
  "QueueBase.count": { call: (o, { queue }) => queue.count(o) },
  "QueueBase.put": { valid: record, call: (o, { queue }) => queue.put(o) },
  getSharedBackend: { call: (o) => state.getSharedBackend(o) },
  "new InMemoryBackend": { call: (o) => new state.InMemoryBackend(o) },
  "new ShmBackend": { valid: ({ dir }) => ({ dir }), call: (o) => new state.ShmBackend(o) },
  "new RedisBackend": { call: (o) => new state.RedisBackend(o) },
  "new ManagerBackend": {
    valid: () => ({ managerAuthkey: KEY }),
    call: (o) => new state.ManagerBackend(o),
  },
  "new StateHost": { valid: () => ({ authkey: KEY }), call: (o) => new tcp.StateHost(o) },
  deserializeSlot: {
    valid: () => ({ threadId: "t", index: 0 }),
    call: (o) => state.deserializeSlot(state.serializeSlot(1), o),
  },
  otelInstrumentation: { call: (o) => otel.otelInstrumentation(o) },
  traceRequests: { call: (o) => otel.traceRequests(o) },
  handle: { call: (o) => otel.handle({}, () => {}, o) },
  handleEach: { call: (o) => otel.handleEach((async function* () {})(), () => {}, o) },
  waitForMessages: { call: (o) => testing.waitForMessages(new testing.MessageCollector(), 0, o) },
  embeddedRedis: { call: (o) => testing.embeddedRedis(o) },
  "RedisFaults.inject": { call: (o) => new testing.RedisFaults().inject("BUSY", o) },
  redisServer: { call: (o) => testing.redisServer(o) },
  redisCluster: { call: (o) => testing.redisCluster(o) },
  redisSentinel: { call: (o) => testing.redisSentinel(o) },
  // Exported as a type: users get one from `redisServer()`.
  "new RedisServer": { call: (o) => new RedisServer(1, o) },
  "new DistributedTestScenario": { call: (o) => new testing.DistributedTestScenario(o) },
  "DistributedTestScenario.waitForMessages": {
    call: async (o) => {
      await using scenario = new testing.DistributedTestScenario();
      await scenario.createBackend("a");
      await scenario.setupSubscriber("a", "t");
      await scenario.waitForMessages("a", "t", 0, o);
    },
  },
  "new AgentBackend": { valid: () => CONFIG, call: (o) => new testing.AgentBackend(o) },
  "new SharedMessagingBackendFixture": {
    call: (o) => new testing.SharedMessagingBackendFixture({ url: UNREACHABLE } as Any, o),
  },
  "new SocketMessagingBackendFixture": {
    call: (o) => new testing.SocketMessagingBackendFixture({ port: 1 } as Any, o),
  },
  sharedMemoryServer: { call: (o) => testing.sharedMemoryServer(o) },
  sharedMessagingBackend: { call: (o) => testing.sharedMessagingBackend(o) },
  sharedMessagingConfig: { call: (o) => testing.sharedMessagingConfig(o) },
  withSharedMemoryServer: { call: (o) => testing.withSharedMemoryServer(() => {}, o) },
  withSharedMessagingBackend: { call: (o) => testing.withSharedMessagingBackend(() => {}, o) },
  socketMessagingServer: { call: (o) => testing.socketMessagingServer(o) },
  socketMessagingBackend: { call: (o) => testing.socketMessagingBackend(o) },
  socketMessagingConfig: { call: (o) => testing.socketMessagingConfig(o) },
  withEmbeddedServer: { call: (o) => testing.withEmbeddedServer(() => {}, o) },
  withSocketMessagingBackend: { call: (o) => testing.withSocketMessagingBackend(() => {}, o) },
};
/** What `tests/conformance/channel/options.ts` tests on every transport. */
const OF_SOCKETS = /^(?:Publisher|SendingSocket|ReceivingSocket|Requester|Replier)\./;

function store(backend: (fixture: Fixture) => Any): Case {
  return {
    call: (options, fixture) => backend(fixture).storeMessage("n", "t", fixture.message, options),
  };
}

const calls = await publicCalls();
const withOptions = calls.filter(({ name, options }) =>
  options !== undefined && !OF_SOCKETS.test(name)
);
const optionsByCall = new Map(withOptions.map(({ name, options }) => [name, options!]));
for (const { name, configuration } of withOptions) {
  if (configuration !== undefined) optionsByCall.set(`${name} with a configuration`, configuration);
}

async function withFixture(test: (fixture: Fixture) => Promise<void>): Promise<void> {
  using directory = new TestDirectory();
  using channel = core.LocalChannel.create();
  using requests = core.LocalChannel.create();
  using latest = core.LocalChannel.create();
  using signal = core.LocalChannel.create();
  await using queue = new core.InMemoryMessageQueue();
  await queue.initialize();
  await using memory = new core.InMemoryMessagingBackend();
  await using shm = new core.ShmMessagingBackend({ name: "m", dir: directory.path });
  await using overHttp = new http.SharedMemoryMessagingBackend({ serverUrl: UNREACHABLE });
  await using overTcp = new tcp.EmbeddedMessagingBackend({ port: 1, autoStartServer: false });
  await using agent = new testing.AgentBackend(CONFIG);
  await using local = new state.InMemoryBackend();
  await using remote = new state.ManagerBackend({ managerAuthkey: KEY });
  try {
    await test({
      handle: channel.handle,
      requests: requests.handle,
      latest: latest.handle,
      signal: signal.handle,
      poller: new events.Deadline(0),
      dir: directory.path,
      message: new core.Message({ id: 1n, sender: {}, topics: "t", payload: {} }),
      queue,
      memory,
      shm,
      http: overHttp,
      tcp: overTcp,
      agent,
      state: local,
      remote,
    });
  } finally {
    await state.resetSharedBackend();
  }
}

/** The error of a call; fails if there is none. What a call without an error opened is left open. */
async function errorOf(call: () => unknown, what: string): Promise<Error> {
  try {
    await call();
  } catch (error) {
    assert.ok(error instanceof Error, what);
    return error;
  }
  throw new assert.AssertionError({ message: `${what} is not rejected` });
}

function isMisuse(error: Error): boolean {
  return error instanceof TypeError || error instanceof RangeError;
}

Deno.test("every public call with options is tested here", () => {
  assert.deepEqual([...optionsByCall.keys()].sort(), Object.keys(CASES).sort());
});

Deno.test("every public call rejects unknown options and what is no object of options", async () => {
  await withFixture(async (fixture) => {
    for (const [name, { valid, call }] of Object.entries(CASES)) {
      const options = valid?.(fixture) ?? {};
      const unknown = await errorOf(() => call({ ...options, nothingLikeIt: 7 }, fixture), name);
      assert.ok(unknown instanceof TypeError, `${name}: ${unknown}`);
      assert.match(unknown.message, /has no option "nothingLikeIt" \(given: 7\); its options are /);
      for (const wrong of [null, 7n, Symbol("options"), true, [], new Map()]) {
        const what = `${name} with ${String(wrong)}`;
        assert.ok(await errorOf(() => call(wrong, fixture), what) instanceof TypeError, what);
      }
    }
  });
});

Deno.test("every public call names the option that is meant by one in snake case", async () => {
  await withFixture(async (fixture) => {
    for (const [name, options] of optionsByCall) {
      const { valid, call } = CASES[name];
      for (const { name: option } of options) {
        const snakeCase = option.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
        if (snakeCase === option) continue;
        const given = { ...valid?.(fixture), [snakeCase]: 7 };
        const { message } = await errorOf(() => call(given, fixture), `${name} ${snakeCase}`);
        assert.ok(message.includes(`"${snakeCase}"`), `${name}: ${message}`);
        assert.match(message, new RegExp(`did you mean ${option}\\b`), name);
      }
    }
  });
});

Deno.test("every option rejects a value of the wrong type, and the error names the option", async () => {
  await withFixture(async (fixture) => {
    for (const [name, options] of optionsByCall) {
      const { valid, call } = CASES[name];
      for (const { name: option, isAny } of options) {
        if (isAny) continue;
        for (const wrong of [Symbol("wrong"), 5n ** 40n, [Symbol("wrong")]]) {
          const what = `${name} with ${option}: ${typeof wrong}`;
          const given = { ...valid?.(fixture), [option]: wrong };
          const error = await errorOf(() => call(given, fixture), what);
          assert.ok(isMisuse(error), `${what}: ${error}`);
          assert.ok(error.message.includes(option), `${what}: ${error}`);
        }
      }
    }
  });
});

/** Calls that may be event listeners, hooks of tests or callbacks of `map`; values; and what users do not call. */
const CALLABLE_WITH_MORE =
  /^(?:main|resetSharedBackend|parseJson|stringifyJson|serializeSlot|new (?:\w+Error|BackendObserver|EmbeddedRedis|RedisCluster|RedisSentinel|MessagingConfigFixture|TestProcess))$|^(?:BackendObserver|GemstoneId|GemstoneGenerator|Message|Socket)\.|^(?:EmbeddedRedis|RedisServer)\.stop$|\.(?:\[.*|close|closeSync|cleanup|kill|unref|statistics|getStats|supportsSubscription)$/;

const MODULES: readonly Record<string, Any>[] = [
  core,
  events,
  http,
  otel,
  redis,
  state,
  tcp,
  testing,
  {
    RedisServer,
    StateHost: tcp.StateHost,
    TestChannels,
    TestProcess,
  },
];

/** A function or class that the package exports. */
function exported(name: string): Any {
  return MODULES.find((module) => name in module)?.[name] ?? assert.fail(name);
}

Deno.test("every public call rejects an argument too many", async () => {
  const strict = calls.filter(({ name, isVariadic }) =>
    !isVariadic && !CALLABLE_WITH_MORE.test(name) && !OF_SOCKETS.test(name)
  );
  assert.ok(strict.length > 180, `${strict.length}`);
  await withFixture(async (fixture) => {
    await using embedded = await testing.embeddedRedis();
    const owners: Record<string, Any[]> = {
      AgentBackend: [fixture.agent],
      EmbeddedRedis: [embedded],
      Channel: [new core.Channel(fixture.handle)],
      Latest: [new core.Latest(fixture.latest)],
      LocalChannel: [core.LocalChannel],
      Signal: [new core.Signal(fixture.signal)],
      Subscriber: [new core.Subscriber(fixture.handle, { deadlineMs: 60_000 })],
      Poller: [new events.Poller([fixture.poller])],
      Deadline: [fixture.poller],
      RedisCluster: [RedisCluster.prototype],
      RedisSentinel: [RedisSentinel.prototype],
      RedisFaults: [new testing.RedisFaults()],
      SteppableClock: [new testing.SteppableClock()],
      Store: [new core.Store()],
      BaseMessagingBackend: [fixture.memory, fixture.http, fixture.tcp, fixture.agent],
      DistributedTestScenario: [new testing.DistributedTestScenario()],
      EmbeddedMessagingBackend: [fixture.tcp],
      EmbeddedServer: [new tcp.EmbeddedServer({ port: 0 })],
      InMemoryMessagingBackend: [fixture.memory],
      MessagingConfig: [new http.MessagingConfig(CONFIG)],
      MessagingTestHelper: [new testing.SocketMessagingTestHelper()],
      QueueBase: [fixture.queue],
      RedisServer: [{ restart: RedisServer.prototype.restart }],
      RemoteBackend: [fixture.remote],
      SharedMemoryMessagingBackend: [fixture.http],
      SharedMemoryServer: [new http.SharedMemoryServer()],
      ShmMessagingBackend: [fixture.shm],
      StoreMessagingBackend: [fixture.memory, fixture.shm],
      SyncBackend: [fixture.state],
      TestChannels: [TestChannels.prototype],
      TestProcess: [TestProcess.prototype],
    };
    for (const { name, parameters } of strict) {
      const [owner, method] = name.split(".");
      const args: unknown[] = Array(parameters).fill(undefined);
      args.push({ timeoutMs: 5 });
      const attempts = method !== undefined
        ? (owners[owner] ?? assert.fail(name)).map((object) => () => object[method](...args))
        : name.startsWith("new ")
        ? [() => new (exported(name.slice(4)))(...args)]
        : [() => exported(name)(...args)];
      for (const attempt of attempts) {
        const error = await errorOf(attempt, name);
        assert.ok(error instanceof TypeError, `${name}: ${error}`);
        assert.match(error.message, /does not take the further argument \{ timeoutMs \}/, name);
      }
    }
  });
});

Deno.test("the configuration of a file is checked by the backend that it names", async () => {
  const files = [
    ["./http", "SharedMemoryMessagingBackend", { server_url: UNREACHABLE }, "serverUrl"],
    ["./tcp", "EmbeddedMessagingBackend", { auto_start_server: false }, "autoStartServer"],
    [".", "ShmMessagingBackend", { name: "n", max_bytes: 5 }, "maxBytes, in bytes"],
    [".", "InMemoryMessagingBackend", { stores: {} }, "store"],
  ] as const;
  for (const [backendModule, backendClass, backendConfig, meant] of files) {
    const config = new http.MessagingConfig({ backendModule, backendClass, backendConfig });
    const message = new RegExp(
      `new ${backendClass}\\(\\) has no option .* did you mean ${meant}\\?$`,
    );
    await assert.rejects(config.validate(), { name: "TypeError", message });
    await assert.rejects(config.createBackend(), { name: "TypeError", message });
  }
});
