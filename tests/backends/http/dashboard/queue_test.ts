// What the dashboard gets of message queues, and how it changes them, without a browser.

import assert from "node:assert/strict";
import * as format from "../../../../tools/dashboard/format.js";
import { MAX_CHARACTERS } from "../../../../backends/http/dashboard/queue_messages.ts";
import { QueueFollower } from "../../../../backends/http/dashboard/queue_follower.ts";
import type { QueuesPart } from "../../../../backends/http/dashboard/snapshot.ts";
import { viewsOf } from "../../../../backends/http/metrics/queue_view.ts";
import { RedisMessageQueue } from "../../../../backends/queue/redis/mod.ts";
import { InMemoryMessageQueue, type MessageQueue, ShmMessageQueue } from "../../../../mod.ts";
import { redisServer } from "../../../../testing/mod.ts";
import { until } from "../../../support/deadline.ts";
import { type HttpScene, serveHttp } from "../../../support/http.ts";
import { inScratch } from "../../../support/scratch.ts";

const TOKEN = { headers: { authorization: "Bearer s3cret" } };
const CHANGES = {
  "/queue_pause": { channel: "c" },
  "/queue_resume": { channel: "c" },
  "/queue_purge": { channel: "c", state: "waiting" },
  "/queue_requeue": { id: "i", agent: "a" },
  "/queue_reject": { id: "i", agent: "a" },
};

/** A queue with a leased message, a dead letter and one that waits, of one agent. */
async function filledQueue(queue: MessageQueue = new InMemoryMessageQueue()) {
  await queue.initialize();
  const common = { channel: "c", sourceAgent: "s", targetAgent: "a" };
  const [dead, leased, waiting] = [
    await queue.publish({ ...common, payload: "x".repeat(2 * MAX_CHARACTERS) }),
    await queue.publish({ ...common, payload: { n: 2 } }),
    await queue.publish({ ...common, payload: 3 }),
  ];
  const subscription = queue.subscribe("c", "a");
  const { value } = await subscription.next();
  await queue.reject(value, "broken", { error: "Error: no model" });
  await subscription.next();
  return { queue, ids: { dead: dead.id, leased: leased.id, waiting: waiting.id }, subscription };
}

function changeWith({ call }: HttpScene) {
  return async (path: string, members: Record<string, string>) =>
    (await call(path, { queue: "jobs", ...members }, TOKEN)).json;
}

Deno.test("dashboard queues: a follower has the numbers of channels, and names what is silent", async () => {
  const { queue, subscription } = await filledQueue();
  await using _queue = queue;
  await using _subscription = subscription;
  await using closed = new InMemoryMessageQueue();
  const follower = new QueueFollower({ jobs: queue, closed }, true);
  assert.equal(follower.next(), null);
  let part: QueuesPart | null = null;
  await until(() => (part = follower.next()) !== null, "the numbers");
  const { isChangeable, silent, channels } = part! as QueuesPart;
  assert.deepEqual([isChangeable, silent, channels.length], [true, ["closed"], 1]);
  const [{ waiting, leased, dead, isPaused, channel }] = channels;
  assert.deepEqual([waiting, leased, dead, isPaused, channel], [1, 1, 1, false, "c"]);
  assert.equal(new QueueFollower({}, true).next(), null);
});

Deno.test("dashboard queues: leased messages have their holders, dead letters their reasons", async () => {
  const { queue, ids, subscription } = await filledQueue();
  await using _queue = queue;
  await using _subscription = subscription;
  await using scene = await serveHttp({ queues: { jobs: queue } });
  const { json } = await scene.call("/queue_messages?queue=jobs&channel=c");
  assert.deepEqual(json.agents, ["a"]);
  const [{ leasedUntilMs, ...leased }] = json.leased;
  assert.deepEqual(leased, { id: ids.leased, agent: "a", attempts: 1, payload: '{"n":2}' });
  assert.ok(leasedUntilMs > Date.now());
  const [{ diedMs, payload, ...dead }] = json.dead;
  assert.deepEqual(dead, {
    id: ids.dead,
    agent: "a",
    attempts: 1,
    reason: "broken",
    error: "Error: no model",
  });
  assert.ok(diedMs <= Date.now());
  assert.equal(payload.length, MAX_CHARACTERS + 1);
  assert.deepEqual([json.leased.length, json.dead.length], [1, 1]);
});

Deno.test("dashboard queues: messages of a broadcast are those of an agent that is named", async () => {
  await using queue = new InMemoryMessageQueue();
  await queue.initialize();
  await using subscription = queue.subscribe("c", "reader");
  await subscription.ready;
  await queue.publish({ channel: "c", payload: 1, sourceAgent: "s" });
  await subscription.next();
  await using scene = await serveHttp({ queues: { jobs: queue } });
  const leased = async (query: string) =>
    (await scene.call(`/queue_messages?queue=jobs&channel=c${query}`)).json.leased.length;
  assert.deepEqual([await leased(""), await leased("&agent=reader")], [0, 1]);
});

async function changeAll(made: MessageQueue): Promise<void> {
  const { queue, ids, subscription } = await filledQueue(made);
  await using _queue = queue;
  await using _subscription = subscription;
  await using scene = await serveHttp({ token: "s3cret", queues: { jobs: queue } });
  const change = changeWith(scene);
  assert.deepEqual(await change("/queue_pause", { channel: "c" }), { changed: 1 });
  assert.equal((await queue.stats("c")).isPaused, true);
  assert.deepEqual(await change("/queue_purge", { channel: "c", state: "waiting" }), {
    changed: 1,
  });
  assert.equal(await queue.exists(ids.waiting), false);
  const dead = { id: ids.dead, agent: "a" };
  assert.deepEqual(await change("/queue_requeue", dead), { changed: 1 });
  assert.deepEqual(await change("/queue_requeue", { ...dead, id: "none" }), { changed: 0 });
  assert.deepEqual(await change("/queue_reject", { id: ids.leased, agent: "a" }), { changed: 1 });
  const [letter] = await queue.getDeadLetters("a");
  assert.deepEqual([letter.id, letter.reason], [ids.leased, "rejected on the dashboard"]);
  assert.deepEqual(await change("/queue_purge", { channel: "c", state: "dead" }), { changed: 1 });
  assert.deepEqual(await queue.getDeadLetters("a"), []);
  assert.deepEqual(await change("/queue_resume", { channel: "c" }), { changed: 1 });
  assert.equal((await queue.stats("c")).isPaused, false);
}

Deno.test("dashboard queues: pause, purge, requeue, reject and resume, in memory", () =>
  changeAll(new InMemoryMessageQueue()));

Deno.test("dashboard queues: pause, purge, requeue, reject and resume, on Redis", async () => {
  await using server = await redisServer();
  await changeAll(new RedisMessageQueue({ redisUrl: server.url }));
});

Deno.test("dashboard queues: pause, purge, requeue, reject and resume, in shared memory", () =>
  inScratch(({ path }) =>
    changeAll(new ShmMessageQueue({ name: "jobs", dir: path, persist: false }))
  ));

Deno.test("dashboard queues: a queue that hangs is named, is not asked again meanwhile, and comes back", async () => {
  await using server = await redisServer();
  await using queue = new RedisMessageQueue({ redisUrl: server.url });
  await queue.initialize();
  await queue.publish({ channel: "c", payload: 1, sourceAgent: "s", targetAgent: "a" });
  let calls = 0;
  const counted = {
    channels: () => (calls++, queue.channels()),
    stats: (channel: string) => queue.stats(channel),
  } as MessageQueue;
  const channels = async () => (await viewsOf({ jobs: counted }))[0].channels?.length;
  assert.equal(await channels(), 1);
  Deno.kill(server.pid, "SIGSTOP");
  try {
    assert.deepEqual(await Promise.all([channels(), channels()]), [undefined, undefined]);
    assert.equal(calls, 2);
  } finally {
    Deno.kill(server.pid, "SIGCONT");
  }
  await until(async () => await channels() === 1, "the numbers");
});

Deno.test("dashboard queues: only who has the token changes them, and no page of another site", async () => {
  const { queue, subscription } = await filledQueue();
  await using _queue = queue;
  await using _subscription = subscription;
  await using open = await serveHttp({ queues: { jobs: queue } });
  await using scene = await serveHttp({ token: "s3cret", queues: { jobs: queue } });
  const foreign = { headers: { ...TOKEN.headers, "sec-fetch-site": "cross-site" } };
  for (const [path, members] of Object.entries(CHANGES)) {
    const body = { queue: "jobs", ...members };
    assert.equal((await open.call(path, body)).status, 403, path);
    assert.equal((await scene.call(path, body)).status, 401, path);
    assert.equal((await scene.call(path, body, foreign)).status, 403, path);
    assert.equal((await scene.call(path, undefined, TOKEN)).status, 405, path);
  }
  assert.equal((await scene.call("/queue_messages?queue=jobs&channel=c")).status, 401);
  const { waiting, leased, dead, isPaused } = await queue.stats("c");
  assert.deepEqual([waiting, leased, dead, isPaused], [1, 1, 1, false]);
});

Deno.test("dashboard queues: a queue that is unknown or fails, and a wrong state", async () => {
  await using closed = new InMemoryMessageQueue();
  await using scene = await serveHttp({ token: "s3cret", queues: { closed } });
  const pause = async (queue: string) =>
    (await scene.call("/queue_pause", { queue, channel: "c" }, TOKEN)).status;
  const statuses = [await pause("other"), await pause("__proto__"), await pause("closed")];
  assert.deepEqual(statuses, [404, 404, 503]);
  const purge = { queue: "closed", channel: "c", state: "leased" };
  const { status, json } = await scene.call("/queue_purge", purge, TOKEN);
  assert.equal(status, 400);
  assert.match(json.error, /^state must be one of waiting, delayed, dead, done, not leased$/);
});

Deno.test("dashboard queues: what is not seen in a text is shown as an escape", () => {
  assert.equal(format.visible("plain ü 漢 <b>"), "plain ü 漢 <b>");
  assert.equal(format.visible("a\u202eb\u200b\n\x9b"), "a\\u{202e}b\\u{200b}\\u{a}\\u{9b}");
  assert.equal(format.visible("\ud800"), "\\u{d800}");
});
