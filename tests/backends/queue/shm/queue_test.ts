// The contract of message queues in shared memory, with a clock that the test advances.

import { removeStale, ShmMessageQueue } from "../../../../mod.ts";
import { queueConformance } from "../../../conformance/queue/all.ts";
import { type QueueStage, SteppedClock } from "../../../conformance/queue/stage.ts";
import { inScratch } from "../../../support/scratch.ts";

/** Queues of a directory. A namespace is a name. */
function stageIn(dir: string, queues: AsyncDisposableStack): QueueStage {
  const clock = new SteppedClock();
  return {
    async open({ redisPrefix = "p", namespace = "n", partitions: _, ...config } = {}) {
      const name = `${redisPrefix}-${namespace}`.replaceAll(":", "_");
      const options = { ...config, name, dir, clock, persist: true };
      const queue = queues.use(new ShmMessageQueue(options));
      await queue.initialize();
      return queue;
    },
    advance: (ms) => Promise.resolve(clock.advance(ms)),
  };
}

queueConformance((name, body) =>
  Deno.test(`queue in shared memory: ${name}`, () =>
    inScratch(async ({ path }) => {
      {
        await using queues = new AsyncDisposableStack();
        await body(stageIn(path, queues));
      }
      removeStale({ dir: path, includePersistent: true });
    }))
);
