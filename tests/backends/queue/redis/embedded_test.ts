// The contract of message queues on the server that `embeddedRedis()` starts, with a clock that the test
// advances.

import { RedisMessageQueue } from "../../../../backends/queue/redis/mod.ts";
import { embeddedRedis, SteppableClock } from "../../../../testing/mod.ts";
import { queueConformance } from "../../../conformance/queue/all.ts";

queueConformance((name, body) =>
  Deno.test(`queue on embedded redis: ${name}`, async () => {
    const clock = new SteppableClock();
    await using redis = await embeddedRedis({ clock });
    await using queues = new AsyncDisposableStack();
    await body({
      async open(config = {}) {
        const queue = queues.use(
          new RedisMessageQueue({ redisUrl: redis.url, ...config }, { clock }),
        );
        await queue.initialize();
        return queue;
      },
      advance: (ms) => Promise.resolve(clock.advance(ms)),
    });
  })
);
