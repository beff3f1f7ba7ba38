// The contract of shared state on a master that sentinels watch.

import { RedisBackend } from "../../../../backends/state/mod.ts";
import { type RedisSentinel, redisSentinel } from "../../../../testing/mod.ts";
import { testSharedBackend } from "../../../conformance/state/suite.ts";
import { sleep } from "../../../support/deadline.ts";
import { WaitingTests } from "../../../support/waiting_tests.ts";

let group: RedisSentinel;
let tests = 0;

Deno.test.beforeAll(async () => {
  group = await redisSentinel();
});

Deno.test.afterAll(async () => {
  await group[Symbol.asyncDispose]();
});

const waiting = new WaitingTests();
testSharedBackend({
  name: "redis with sentinels",
  open({ ttlSeconds, ...limits }) {
    const config = {
      ...limits,
      redisUrl: group.url,
      redisPrefix: `test-${tests++}`,
      redisMinReplicas: 1,
      ...(ttlSeconds !== undefined && { redisTtl: ttlSeconds }),
    };
    return Promise.resolve({
      backend: () => Promise.resolve(new RedisBackend(config)),
      advance: sleep,
      remote: { backendType: "redis", ...config },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    });
  },
  waiting,
});
waiting.define("redis state with sentinels");
