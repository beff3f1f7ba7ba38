// Ids that name no partition while one of the partitions fails: what another one has done is no error.

import assert from "node:assert/strict";
import { failuresAfterCommit, type MessageQueue, type MessageRecord } from "../../../../mod.ts";
import { LateRemovals } from "../../../../backends/queue/redis/late_removals.ts";
import { RedisMessageQueue } from "../../../../backends/queue/redis/mod.ts";
import { type RedisServer, redisServer } from "../../../../testing/mod.ts";
import { until } from "../../../support/deadline.ts";

const PARTITIONS = 4;
const ID = "order-1";

/** A record with a foreign id. */
function recordFor(targetAgent: string, payload: number): MessageRecord {
  return {
    id: ID,
    channel: "orders",
    payload,
    sourceAgent: "shop",
    targetAgent,
    metadata: {},
    priority: 0,
    createdAt: new Date(),
    updatedAt: new Date(),
    expiresAt: null,
    acknowledged: false,
  };
}

/** A queue whose user may be denied a partition. */
class Stage {
  readonly queue: MessageQueue;
  readonly #command: RedisServer["command"];

  /** The server, for a user who may use all partitions. */
  readonly url: string;

  constructor(queue: MessageQueue, { url, command }: Pick<RedisServer, "url" | "command">) {
    this.queue = queue;
    this.url = url;
    this.#command = command;
  }

  /** The partitions that have a copy of the message. */
  async partitions(): Promise<number[]> {
    const keys = await this.#command("KEYS", `*msg:${ID}`) as string[];
    return keys.map((key) => Number(/:(\d)\}/.exec(key)![1]));
  }

  /** Puts the message where it was not. */
  async move(payload: number): Promise<void> {
    const [before] = await this.partitions();
    for (let agent = 0; (await this.partitions()).every((one) => one === before); agent++) {
      await this.queue.put(recordFor(`agent-${agent}`, payload));
    }
  }

  async deny(partition: number | undefined): Promise<void> {
    const allowed = Array.from({ length: PARTITIONS }, (_, i) => i).filter((i) => i !== partition);
    const keys = allowed.map((one) => `~{*:${one}}*`);
    await this.#command("ACL", "SETUSER", "worker", "resetkeys", ...keys);
  }
}

async function onStage(test: (stage: Stage) => Promise<void>): Promise<void> {
  await using server = await redisServer();
  await server.command("ACL", "SETUSER", "worker", "on", ">secret", "~*", "&*", "+@all");
  await using queue = new RedisMessageQueue({
    redisUrl: server.url.replace("redis://", "redis://worker:secret@"),
    partitions: PARTITIONS,
    healthCheckSeconds: 0.05,
    deadlineMs: 1000,
  });
  await queue.initialize();
  await queue.put(recordFor("ann", 1));
  const command = (...args: string[]) => server.command(...args);
  await test(new Stage(queue, { url: server.url, command }));
}

const removalFailures = () => failuresAfterCommit().removal;

Deno.test("a message is put elsewhere although its copy cannot be removed, which a health check does", () =>
  onStage(async (stage) => {
    const before = removalFailures();
    const [from] = await stage.partitions();
    await stage.deny(from);
    await stage.move(2);
    assert.ok(removalFailures() > before);
    assert.equal((await stage.partitions()).length, 2);
    assert.equal((await stage.queue.get(ID))!.payload, 2);
    await stage.deny(undefined);
    await until(async () => (await stage.partitions()).length === 1, "the removal of the copy");
    assert.notDeepEqual(await stage.partitions(), [from]);
    assert.equal((await stage.queue.get(ID))!.payload, 2);
  }));

Deno.test("what one partition has done is no error of another one that fails", () =>
  onStage(async (stage) => {
    const { queue } = stage;
    const [own] = await stage.partitions();
    await stage.deny((own + 1) % PARTITIONS);
    assert.equal((await queue.get(ID))!.payload, 1);
    assert.equal(await queue.exists(ID), true);
    assert.equal(await queue.acknowledge(ID), true);
    assert.equal(await queue.delete(ID), true);
    assert.deepEqual(await stage.partitions(), []);
    for (const call of [() => queue.get(ID), () => queue.acknowledge(ID), () => queue.delete(ID)]) {
      await assert.rejects(call, /NOPERM/);
    }
    await stage.deny(undefined);
    assert.equal(await queue.get(ID), undefined);
  }));

Deno.test("what was stored after the message had moved is no copy, and stays", () =>
  onStage(async (stage) => {
    const [from] = await stage.partitions();
    await stage.deny(from);
    await stage.move(2);
    // Another program puts the message back meanwhile.
    await using other = new RedisMessageQueue({ redisUrl: stage.url, partitions: PARTITIONS });
    await other.initialize();
    await other.put(recordFor("ann", 3));
    await stage.deny(undefined);
    // Closing a queue tries the removal once more.
    await stage.queue.close();
    assert.deepEqual(await stage.partitions(), [from]);
    assert.equal((await other.get(ID))!.payload, 3);
  }));

Deno.test("a copy is removed when its partition answers again, and then forgotten", async () => {
  let isAway = true;
  let attempts = 0;
  const removals = new LateRemovals(() => {
    attempts++;
    return isAway ? Promise.reject(new Error("away")) : Promise.resolve();
  });
  removals.add({ partition: 1, id: "a", storedBefore: "10" }, new Error("away"));
  await removals.retry();
  isAway = false;
  await removals.retry();
  await removals.retry();
  assert.equal(attempts, 2);
});
