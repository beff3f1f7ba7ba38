// The contract of message queues in shared memory, with a clock that the test advances.

import { ShmMessageQueue, type ShmQueueOptions } from "../../../../mod.ts";
import { queueConformance } from "../../../conformance/queue/all.ts";
import { SteppedClock } from "../../../conformance/queue/stage.ts";
import { inScratch } from "../../../support/scratch.ts";

queueConformance((name, body) =>
  Deno.test(`queue in shared memory: ${name}`, () =>
    inScratch(async ({ path: dir }) => {
      const clock = new SteppedClock();
      await using queues = new AsyncDisposableStack();
      await body({
        async open({ redisPrefix = "p", namespace = "n", ...config } = {}) {
          const name = `${redisPrefix}-${namespace}`.replaceAll(":", "_");
          const options: ShmQueueOptions = { ...config, name, dir, clock };
          const queue = queues.use(new ShmMessageQueue(options));
          await queue.initialize();
          return queue;
        },
        advance: (ms) => Promise.resolve(clock.advance(ms)),
      });
    }))
);
