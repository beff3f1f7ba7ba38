// The contract of messaging backends in shared memory, and what is particular to it.

import { ShmMessagingBackend } from "../mod.ts";
import { testMessagingBackend } from "./messaging_conformance/suite.ts";
import { SCRATCH_PREFIX } from "./support/scratch.ts";

testMessagingBackend({
  name: "shm",
  redisLike: ["keys", "publish", "patterns"],
  spansProcesses: true,
  open() {
    let aheadMs = 0;
    const dir = Deno.makeTempDirSync({ dir: "/dev/shm", prefix: SCRATCH_PREFIX });
    const config = { name: "messages", dir };
    return Promise.resolve({
      backend: (options) =>
        new ShmMessagingBackend({ ...options, ...config, clock: () => Date.now() + aheadMs }),
      advance: (ms) => {
        aheadMs += ms;
        return Promise.resolve();
      },
      remote: {
        module: new URL("../mod.ts", import.meta.url).href,
        className: "ShmMessagingBackend",
        config,
      },
      [Symbol.asyncDispose]: () => Deno.remove(dir, { recursive: true }),
    });
  },
});
