// The contract of shared state on the server that `embeddedRedis()` starts, with a clock that the test
// advances.

import { RedisBackend } from "../../../../backends/state/mod.ts";
import { embeddedRedis, SteppableClock } from "../../../../testing/mod.ts";
import { testSharedBackend } from "../../../conformance/state/suite.ts";

testSharedBackend({
  name: "embedded redis",
  async open({ ttlSeconds, ...limits }) {
    const clock = new SteppableClock();
    const redis = await embeddedRedis({ clock });
    const config = {
      ...limits,
      redisUrl: redis.url,
      ...(ttlSeconds !== undefined && { redisTtl: ttlSeconds }),
    };
    return {
      backend: () => Promise.resolve(new RedisBackend(config)),
      advance: (ms) => Promise.resolve(clock.advance(ms)),
      remote: { backendType: "redis", ...config },
      [Symbol.asyncDispose]: () => redis[Symbol.asyncDispose](),
    };
  },
});
