// The contract of shared state on a Redis Cluster of six nodes.

import assert from "node:assert/strict";
import { RedisBackend } from "../../../../backends/state/mod.ts";
import { type RedisCluster, redisCluster, type RedisServer } from "../../../../testing/mod.ts";
import { until } from "../../../support/deadline.ts";
import { testSharedBackend } from "../../../conformance/state/suite.ts";
import { WaitingTests } from "../../../support/waiting_tests.ts";

let cluster: RedisCluster;
let states = 0;

Deno.test.beforeAll(async () => {
  cluster = await redisCluster({ masters: 3, replicas: 1 });
});

Deno.test.afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
});

const waiting = new WaitingTests();
testSharedBackend({
  name: "cluster",
  open({ ttlSeconds, ...limits }) {
    const config = {
      ...limits,
      redisUrl: cluster.url,
      redisPrefix: `state-${states++}:`,
      ...(ttlSeconds !== undefined && { redisTtl: ttlSeconds }),
    };
    return Promise.resolve({
      backend: () => Promise.resolve(new RedisBackend(config)),
      advance: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
      remote: { backendType: "redis", ...config },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    });
  },
  waiting,
});
waiting.define("cluster state");

Deno.test("cluster state: calls succeed after the master of the state was killed", async () => {
  const redisPrefix = "failover:";
  await using cluster = await redisCluster({ masters: 3, replicas: 1 });
  await using backend = new RedisBackend({ redisUrl: cluster.url, redisPrefix });
  for (let i = 0; i < 20; i++) await backend.bufferAppend("t", Uint8Array.of(i));
  const master = await cluster.masterOf(`{${redisPrefix}}threads`);
  // Replication is asynchronous: a failover loses what the replica has not received.
  await until(() => isReplicated(master), "replication");
  await cluster.kill(master);
  assert.equal(await backend.bufferAppend("t", Uint8Array.of(20)), 20);
  const slots = await backend.bufferGetThread("t");
  assert.deepEqual(slots.map(([byte]) => byte), Array.from({ length: 21 }, (_, i) => i));
});

/** True if all replicas of a master have received what it has written. */
async function isReplicated(master: RedisServer): Promise<boolean> {
  const info = String(await master.command("INFO", "replication"));
  const written = /^master_repl_offset:(\d+)/m.exec(info)?.[1];
  const received = [...info.matchAll(/^slave\d+:.*,offset=(\d+)/gm)].map(([, offset]) => offset);
  return received.length > 0 && received.every((offset) => offset === written);
}
