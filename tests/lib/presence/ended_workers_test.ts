// Workers that were terminated: their process closes what they left open.

import assert from "node:assert/strict";
import { Pusher, removeStale } from "../../../mod.ts";
import { until } from "../../support/deadline.ts";
import { resourcesOf } from "../../support/resources.ts";
import { inScratch } from "../../support/scratch.ts";
import { platform } from "../../../lib/platform/mod.ts";

/** Starts a worker with sockets of every kind, and terminates it. */
async function terminateWorker(dir: string): Promise<void> {
  const worker = new Worker(
    new URL("../../support/programs/terminated_worker.ts", import.meta.url),
    { type: "module" },
  );
  const opened = Promise.withResolvers<void>();
  worker.onmessage = () => opened.resolve();
  worker.postMessage({ dir });
  await opened.promise;
  worker.terminate();
}

/** Descriptors of files in a directory; the runtime has others. */
function descriptorsIn(dir: string): number {
  return [...Deno.readDirSync("/proc/self/fd")].filter(({ name }) => {
    try {
      return Deno.readLinkSync(`/proc/self/fd/${name}`).startsWith(`${dir}/`);
    } catch {
      return false; // It was that of the listing.
    }
  }).length;
}

const ignore = Deno.build.os !== "linux"; // Elsewhere the threads cannot be identified.
if (!ignore) platform();

Deno.test({
  name: "the descriptors and mappings of terminated workers are reclaimed",
  ignore,
  fn: () =>
    inScratch(async ({ path: dir, names }) => {
      const pusher = new Pusher<number>("queue", { dir });
      const [descriptors, { mappings }] = [descriptorsIn(dir), resourcesOf(Deno.pid, dir)];
      for (let n = 0; n < 3; n++) {
        await terminateWorker(dir);
        pusher.send(n);
      }
      await until(() => {
        return descriptorsIn(dir) <= descriptors &&
          resourcesOf(Deno.pid, dir).mappings <= mappings;
      }, "the reclaiming");
      pusher.close();
      removeStale({ dir, includeNonEmpty: true });
      assert.deepEqual(names(), []);
    }),
});

Deno.test({
  name: "a channel of a terminated worker is deleted while its process lives",
  ignore,
  fn: () =>
    inScratch(async ({ path: dir, names }) => {
      await terminateWorker(dir);
      await until(() => {
        removeStale({ dir, includeNonEmpty: true });
        return names().length === 0;
      }, "the deletion");
    }),
});
