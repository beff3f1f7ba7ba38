// The commands for topics, keys and shared state of a running server, over every protocol.

import assert from "node:assert/strict";
import { EXIT } from "../../cli/command.ts";
import { HttpServerClient } from "../../cli/server/http_client.ts";
import { RedisServerClient } from "../../cli/server/redis_client.ts";
import { TcpServerClient } from "../../cli/server/tcp_client.ts";
import type { Entry, ServerClient } from "../../cli/server/client.ts";
import { openServer } from "../../cli/server/open.ts";
import { Output } from "../../cli/output.ts";
import { SharedMemoryServer } from "../../backends/http/mod.ts";
import { InMemoryMessagingBackend, Message, Store } from "../../mod.ts";
import {
  ManagerBackend,
  RedisBackend,
  serializeSlot,
  ShmBackend,
} from "../../backends/state/mod.ts";
import { valueFrom } from "../../backends/store/value.ts";
import { EmbeddedServer, StateHost } from "../../backends/tcp/mod.ts";
import { redisServer, SteppableClock } from "../../testing/mod.ts";
import { inShell } from "../support/command_line.ts";
import { until } from "../support/deadline.ts";

const TOKEN = "the-token+of=the/server";

/** Both servers on one store. */
async function serve() {
  // Times to live do not pass while a test runs.
  const store = new Store({ clock: new SteppableClock() });
  const stack = new AsyncDisposableStack();
  const tcp = stack.use(new EmbeddedServer({ port: 0, token: TOKEN, store }));
  const port = await tcp.start();
  const http = stack.use(new SharedMemoryServer({ port: 0, token: TOKEN, store }));
  const httpUrl = await http.start();
  const backend = stack.use(new InMemoryMessagingBackend({ store }));
  return {
    store,
    httpUrl,
    tcpUrl: `tcp://127.0.0.1:${port}`,
    redisUrl: `redis://127.0.0.1:${port}`,
    async storeMessage(topic: string, id: bigint) {
      const message = new Message({ id, sender: {}, topics: topic, payload: { n: Number(id) } });
      await backend.storeMessage("test", topic, message);
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

type Served = Awaited<ReturnType<typeof serve>>;

const OPEN: Record<string, (served: Served) => Promise<ServerClient>> = {
  HTTP: ({ httpUrl }) => Promise.resolve(new HttpServerClient(httpUrl, TOKEN)),
  TCP: ({ tcpUrl }) => Promise.resolve(new TcpServerClient(tcpUrl, TOKEN)),
  RESP: ({ redisUrl }) => RedisServerClient.open(redisUrl, TOKEN),
};

for (const [protocol, open] of Object.entries(OPEN)) {
  Deno.test(`the keys of a server over ${protocol}: listed by pattern, read, set and deleted`, async () => {
    await using served = await serve();
    await using client = await open(served);
    assert.deepEqual(await client.keys("*", 10), []);
    assert.equal(await client.get("missing"), undefined);
    await client.set("a*", { n: [1] }, undefined);
    await client.set("ab", "text", 100);
    served.store.hashes.set("h", "f", JSON.parse("1"));
    served.store.sets.add("s", ["x"]);
    const rows = (await client.keys("a*", 10)).toSorted((one, other) =>
      one.key < other.key ? -1 : 1
    );
    assert.deepEqual(rows, [
      { key: "a*", type: "string", ttl: -1 },
      { key: "ab", type: "string", ttl: 100 },
    ]);
    assert.equal((await client.keys("*", 3)).length, 3);
    assert.deepEqual(await client.get("a*"), { n: [1] });
    assert.equal(await client.get("ab"), "text");
    assert.deepEqual(
      Object.entries(await client.get("h") as object).map(([name, value]) => [
        name,
        `${value}`,
      ]),
      [["f", "1"]],
    );
    assert.deepEqual(await client.get("s"), ["x"]);
    assert.deepEqual([await client.deleteKey("a*"), await client.deleteKey("a*")], [true, false]);
    assert.equal(await client.get("ab"), "text", "a pattern in a name deletes nothing else");
  });

  Deno.test(`the topics of a server over ${protocol}: listed, published to and followed`, async () => {
    await using served = await serve();
    await using client = await open(served);
    const seen: Entry[] = [];
    await client.follow(["news", "sensor.*"], (entry) => seen.push(entry));
    await served.storeMessage("kept", 1n);
    const reached = [
      await client.publish("news", { n: 1 }),
      await client.publish("sensor.a", "text"),
      await client.publish("other", 1),
    ];
    assert.deepEqual(reached, [1, 1, 0]);
    await until(() => seen.length === 2, "what was published");
    assert.deepEqual(seen, [{ topic: "news", value: { n: 1 } }, {
      topic: "sensor.a",
      value: "text",
    }]);
    const topics = await client.topics();
    if (protocol === "RESP") {
      assert.deepEqual(topics, [{ topic: "news", subscribers: 1 }]);
      await assert.rejects(client.messages("kept"), /Redis stores no messages by topic/);
      return;
    }
    assert.deepEqual(topics, [{ topic: "kept", messages: 1 }]);
    const [message] = await client.messages("kept") as { payload: unknown }[];
    assert.deepEqual(message.payload, { n: 1 });
    await served.storeMessage("news", 2n);
    await until(() => seen.length === 3, "what was stored");
    assert.deepEqual((seen[2]!.value as unknown as { payload: unknown }).payload, { n: 2 });
    if (protocol === "TCP") await assert.rejects(client.deleteTopic("kept"), /deletes no topic/);
    else {assert.deepEqual([await client.deleteTopic("kept"), await client.deleteTopic("kept")], [
        1,
        0,
      ]);}
  });
}

Deno.test("ringbus topics and ringbus keys work on the server of --url, with its token", () =>
  inShell(async ({ run, start }) => {
    await using served = await serve();
    await served.storeMessage("news", 1n);
    const at = (url: string) => ["--url", url, "--token", TOKEN];
    const topics = await run(["topics", "ls", ...at(served.tcpUrl)]);
    assert.match(topics.stdout, /^TOPIC +MESSAGES +SUBSCRIBERS\nnews +1 +-\n$/);
    {
      await using sub = start(["topics", "sub", "n*", "-n", "1", ...at(served.redisUrl)]);
      await sub.prints("subscribed to n*");
      const pub = await run(["topics", "pub", "news", '{"a":1}', ...at(served.httpUrl)]);
      assert.equal(pub.stdout, "published 1 value to news, delivered 1 time\n");
      assert.equal((await sub.lines()).at(-1), 'news {"a":1}');
    }
    served.store.strings.set("limits", valueFrom({ max: 5 }), 60);
    const keys = await run(["keys", "ls", "l*", ...at(served.httpUrl)]);
    assert.match(keys.stdout, /^KEY +TYPE +TTL\nlimits +string +60s\n$/);
    const value = await run(["keys", "get", "limits", "none", ...at(served.redisUrl)]);
    assert.deepEqual([value.code, value.stdout], [EXIT.FAILED, '{"max":5}\n']);
    assert.match(value.stderr, /the server has no key none/);
    const stranger = await run(["keys", "ls", "--url", served.redisUrl, "--token", "wrong"]);
    assert.equal(stranger.code, EXIT.FAILED);
    assert.match(stranger.stderr, /cannot connect to 127\.0\.0\.1:\d+: .*; check that a server/);
  }));

Deno.test("a URL of no server is rejected, with those that are", () =>
  assert.rejects(
    openServer({ url: "ftp://x", token: TOKEN }, new Output(false)),
    /--url takes the URL of a server, such as http:.*, not "ftp:\/\/x"/,
  ));

Deno.test("ringbus queue works on the Redis of ringbus serve", () =>
  inShell(async ({ run }) => {
    await using served = await serve();
    const at = ["--url", served.redisUrl.replace("//", `//:${encodeURIComponent(TOKEN)}@`)];
    const published = await run(["queue", "publish", "tasks", "1", "--to", "a", ...at]);
    assert.equal(published.stdout, "published 1 message to tasks\n", published.stderr);
    const tcp = ["--url", at[1].replace("redis:", "tcp:")];
    assert.match((await run(["queue", "ls", "ta*", ...tcp])).stdout, /^tasks +1 +0 /m);
    const http = await run(["queue", "ls", "--url", served.httpUrl]);
    assert.match(http.stderr, /a queue is not reached over HTTP: give redis:/);
  }));

Deno.test("ringbus state lists, prints and deletes threads: in shared memory, on TCP and on Redis", () =>
  inShell(async ({ run, scratch: { path: dir } }) => {
    await using redis = await redisServer();
    const authkey = crypto.getRandomValues(new Uint8Array(32));
    const file = Deno.makeTempFileSync({ prefix: "ringbus-test-authkey-" });
    try {
      Deno.writeFileSync(file, authkey);
      await using states = new AsyncDisposableStack();
      const server = states.use(
        new EmbeddedServer({ port: 0, state: new StateHost({ authkey }) }),
      );
      const port = await server.start();
      const managerAddress = ["127.0.0.1", port] as const;
      const onTcp = states.use(new ManagerBackend({ managerAddress, managerAuthkey: authkey }));
      const shm = states.use(new ShmBackend({ shmName: "agents", dir }));
      const onRedis = states.use(new RedisBackend({ redisUrl: redis.url }));
      for (
        const [state, at] of [
          [shm, ["--name", "agents"]],
          [onRedis, ["--url", redis.url]],
          [onTcp, ["--url", `tcp://127.0.0.1:${port}`, "--authkey-file", file]],
        ] as const
      ) {
        await state.bufferAppend("one", serializeSlot({ text: "hello" }));
        await state.bufferAppend("one", Uint8Array.of(0xc1));
        await state.bufferAppend("two", serializeSlot(2));
        await state.registrySet("console.router", "0b0e");
        const listed = await run(["state", "ls", "o*", ...at]);
        assert.match(listed.stdout, /^THREAD +SLOTS\none +2\n$/, listed.stderr);
        const printed = await run(["state", "get", "one", ...at]);
        assert.equal(printed.stdout, '{"text":"hello"}\n{"$bytes":"wQ=="}\n');
        if (state !== shm) continue;
        const chains = await run(["state", "chains", "-o", "json", ...at]);
        assert.equal(chains.stdout, '{"chain":"console.router","uuid":"0b0e"}\n');
        const deleted = await run(["state", "rm", "two", "--yes", ...at]);
        assert.equal(deleted.stdout, "deleted two, with its slots: 1\n");
        assert.deepEqual(await state.bufferListThreads(), ["one"]);
      }
      const missing = await run(["state", "ls", "--name", "nothing"]);
      assert.match(missing.stderr, /there is no shared state "nothing"/);
    } finally {
      Deno.removeSync(file);
    }
  }));
