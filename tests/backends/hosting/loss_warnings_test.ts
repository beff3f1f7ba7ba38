// Servers warn of the messages that a subscriber misses because its queue is full.

import assert from "node:assert/strict";
import type { LogRecord } from "@logtape/logtape";
import {
  SharedMemoryMessagingBackend,
  SharedMemoryServer,
  startSharedMemoryServer,
} from "../../../backends/http/mod.ts";
import {
  EmbeddedMessagingBackend,
  EmbeddedServer,
  type SubscriptionGap,
} from "../../../backends/tcp/mod.ts";
import { listChannels, Store } from "../../../mod.ts";
import { until } from "../../support/deadline.ts";
import { JSON_TYPE } from "../../support/http.ts";
import { LineClient } from "../../support/line_client.ts";
import { collectLog, textsOf } from "../../support/log_records.ts";

// The C library stays loaded: a worker loads it, too.
listChannels();

const LENGTH = 5;
const STORED = 50;
const QUEUE = { maxQueueLength: LENGTH, maxQueueBytes: 1e6 };

/** Attaches a subscriber of the topic `t` to a server; what is returned ends it. */
type Subscribing = (
  store: Store,
  overflow: "dropOldest" | "disconnect",
) => Promise<AsyncDisposable>;

const SUBSCRIBERS: Record<string, Subscribing> = {
  async poll(store, overflow) {
    const server = new SharedMemoryServer({ store, ...QUEUE, overflow });
    const url = await server.start();
    const body = JSON.stringify({ topic: "t", subscriber_id: "slow" });
    await (await fetch(`${url}/subscribe`, { method: "POST", headers: JSON_TYPE, body })).body
      ?.cancel();
    return server;
  },
  async events(store, overflow) {
    const server = new SharedMemoryServer({ store, ...QUEUE, overflow });
    const response = await fetch(`${await server.start()}/events?topic=t`);
    return {
      async [Symbol.asyncDispose]() {
        await response.body?.cancel();
        await server.stop();
      },
    };
  },
  async tcp(store, overflow) {
    const server = new EmbeddedServer({ port: 0, store, ...QUEUE, overflow });
    const port = await server.start();
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    await conn.write(new TextEncoder().encode("SUBSCRIBE t\n"));
    await until(() => store.stats().subscriptions === 1, "the subscription");
    return {
      async [Symbol.asyncDispose]() {
        conn.close();
        await server.stop();
      },
    };
  },
};

function flood(store: Store): void {
  for (let id = 1; id <= STORED; id++) store.storeMessage("n", "t", `{"id":${id}}`);
}

for (const [transport, subscribe] of Object.entries(SUBSCRIBERS)) {
  Deno.test(`a subscriber of ${transport} that misses messages is one warning, and one at its end`, async () => {
    const store = new Store();
    const records = await collectLog(async () => {
      await using _subscriber = await subscribe(store, "dropOldest");
      flood(store);
    });
    const missed = textsOf(records, "warning").filter((text) => text.includes(" missed "));
    const losses = missed.map((text) =>
      new RegExp(
        `^subscriber .+ \\(${transport}\\) missed (\\d+) messages?, (\\d+) in all: its queue was full; ` +
          `.*, or raise maxQueueLength or maxQueueBytes of the server$`,
      ).exec(text)?.slice(1).map(Number)
    );
    assert.deepEqual(losses, [[1, 1], [STORED - LENGTH - 1, STORED - LENGTH]]);
  });

  Deno.test(`a subscriber of ${transport} that is disconnected is one warning`, async () => {
    const store = new Store();
    const records = await collectLog(async () => {
      await using _subscriber = await subscribe(store, "disconnect");
      flood(store);
    });
    const [warning, ...others] = textsOf(records, "warning");
    assert.match(warning, new RegExp(`\\(${transport}\\) was disconnected, and missed 6 messages`));
    assert.deepEqual(others, []);
  });
}

Deno.test("a backend on HTTP warns of what its queue at the server has lost", async () => {
  const store = new Store();
  const seen: unknown[] = [];
  const records = await collectLog(async () => {
    await using server = new SharedMemoryServer({ store, ...QUEUE });
    await using backend = new SharedMemoryMessagingBackend({ serverUrl: await server.start() });
    await backend.subscribe("t", ({ id }) => void seen.push(id));
    flood(store);
    await until(() => seen.includes(BigInt(STORED)), "the last message");
  });
  const own = textsOf(records, "warning").filter((text) => text.startsWith("this backend missed"));
  assert.ok(own.length === 1 || own.length === 2, own.join("\n"));
  const last = /(\d+) in all: its queue at the server was full; let its handlers do less/.exec(
    own.at(-1)!,
  );
  assert.equal(Number(last![1]), STORED - seen.length);
});

for (const hasOnGap of [false, true]) {
  const who = `a backend on TCP with${hasOnGap ? "" : "out"} onGap`;
  Deno.test(`${who} warns once of what its queue at the server has lost, and misses nothing`, async () => {
    const store = new Store();
    const seen: number[] = [];
    const gaps: SubscriptionGap[] = [];
    const catchingUp: Promise<void>[] = [];
    const ROUNDS = 5;
    let caughtUp: number[] = [];
    const records = await collectLog(async () => {
      await using server = new EmbeddedServer({ port: 0, store, ...QUEUE });
      const onGap = (gap: SubscriptionGap) => {
        gaps.push(gap);
        catchingUp.push(catchUp());
      };
      await using backend = new EmbeddedMessagingBackend({
        port: await server.start(),
        ...hasOnGap ? { onGap } : {},
      });
      const catchUp = async () => {
        const missed = await backend.getMessagesStoredAfter("t", BigInt(seen.at(-1) ?? 0));
        caughtUp = [...caughtUp, ...missed.map(({ id }) => Number(id))];
      };
      await backend.subscribe("t", ({ id }) => void seen.push(Number(id)));
      for (let round = 0; round < ROUNDS; round++) {
        const from = round * STORED;
        for (let id = from + 1; id <= from + STORED; id++) {
          store.storeMessage("n", "t", `{"id":${id}}`);
        }
        await until(() => seen.includes(from + STORED), "the last message");
      }
      await Promise.all(catchingUp);
    });
    const total = ROUNDS * STORED;
    assert.ok(seen.length < total / 2, "too little was dropped");
    const own = textsOf(records, "warning").filter((text) =>
      text.startsWith("this backend missed")
    );
    // One at the first loss, and one at the end.
    assert.equal(own.length, 2, own.join("\n"));
    assert.match(
      own[1],
      new RegExp(`, ${total - seen.length} in all: its queue at the server .*:`),
    );
    assert.equal(gaps.length, hasOnGap ? ROUNDS : 0);
    if (!hasOnGap) return;
    assert.equal(gaps.reduce((sum, { dropped }) => sum + dropped!, 0), total - seen.length);
    assert.deepEqual(gaps[0].topics, ["t"]);
    assert.deepEqual(
      [...new Set([...seen, ...caughtUp])].sort((a, b) => a - b),
      Array.from({ length: total }, (_, n) => n + 1),
    );
  });
}

Deno.test("a client of the line protocol that does not ask gets no line of dropped pushes", async () => {
  const store = new Store();
  await using server = new EmbeddedServer({ port: 0, store, ...QUEUE });
  const port = await server.start();
  for (const asks of [true, false]) {
    await using client = await LineClient.open(port);
    assert.equal(await client.request("SUBSCRIBE t"), "OK SUBSCRIBED t");
    if (asks) assert.equal(await client.request("REPORT_DROPPED"), "OK REPORTING");
    flood(store);
    const first = await client.line();
    if (asks) assert.equal(first, `DROPPED ${STORED - LENGTH}`);
    else assert.match(first!, /^MESSAGE t /);
  }
});

Deno.test("a backend on HTTP warns when the server had lost its subscriptions", async () => {
  const seen: unknown[] = [];
  const records = await collectLog(async () => {
    await using server = new SharedMemoryServer({ subscriberIdleSeconds: 300 });
    const url = await server.start();
    await using backend = new SharedMemoryMessagingBackend({ serverUrl: url });
    await backend.subscribe("t", ({ id }) => void seen.push(id));
    const stats = () => server.store.stats().subscriptions;
    const [subscription] = server.store.subscriptions.all;
    await (await fetch(`${url}/subscribers/${subscription.name}`, { method: "DELETE" })).body
      ?.cancel();
    await until(() => stats() === 1, "the subscription again");
    server.store.storeMessage("n", "t", '{"id":1}');
    await until(() => seen.length === 1, "a message");
  });
  const warnings = textsOf(records, "warning");
  assert.equal(warnings.length, 1);
  assert.match(warnings[0], /had lost the subscriptions of this backend, which subscribes again/);
});

Deno.test("a server in a worker logs where its owner does", async () => {
  const records = await collectLog(async (records) => {
    await using server = await startSharedMemoryServer({ serverMode: "worker", maxQueueLength: 1 });
    await flooded(server.url);
    await until(() => records.some(isLoss), "the warning");
  });
  assert.match(
    textsOf(records, "warning")[0],
    /^subscriber slow \(poll\) missed 1 message, 1 in all: its queue was full/,
  );
});

Deno.test("a server in a process writes warnings to the standard error stream of its owner", async () => {
  const program = `
    import { startSharedMemoryServer } from "${new URL(
    "../../../backends/http/mod.ts",
    import.meta.url,
  )}";
    await using server = await startSharedMemoryServer({ serverMode: "process", maxQueueLength: 1 });
    const headers = ${JSON.stringify(JSON_TYPE)};
    const post = (path, body) => fetch(server.url + path, { method: "POST", headers, body: JSON.stringify(body) });
    await (await post("/subscribe", { topic: "t", subscriber_id: "slow" })).body.cancel();
    for (let id = 1; id <= 3; id++) {
      await (await post("/store_message", { namespace: "n", topic: "t", message: { id } })).body.cancel();
    }`;
  const { stderr, success } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--config", new URL("../../../deno.json", import.meta.url).pathname, program],
    env: { NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder().decode(stderr);
  assert.ok(success, text);
  assert.match(text, /^ringbus: warning: subscriber slow \(poll\) missed 1 message, 1 in all/m);
});

function isLoss({ message }: LogRecord): boolean {
  return message.join("").includes(" missed ");
}

async function flooded(url: string): Promise<void> {
  const post = async (path: string, body: unknown) => {
    const response = await fetch(url + path, {
      method: "POST",
      headers: JSON_TYPE,
      body: JSON.stringify(body),
    });
    await response.body?.cancel();
  };
  await post("/subscribe", { topic: "t", subscriber_id: "slow" });
  for (let id = 1; id <= 3; id++) {
    await post("/store_message", { namespace: "n", topic: "t", message: { id } });
  }
}
