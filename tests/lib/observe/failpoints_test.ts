// A process that dies between two writes leaves no damage, wherever it dies.

import assert from "node:assert/strict";
import { Publisher, Puller, Pusher, Replier, Requester, Subscriber } from "../../../mod.ts";
import { inspect } from "../../../lib/observe/inspect.ts";
import { useFailpoints } from "../../../lib/segment/ring.ts";
import { RING_POINTS } from "../../stress/failpoints/points.ts";
import { failpointRing } from "../../stress/failpoints/ring.ts";
import { TestDirectory } from "../../conformance/channel/directory.ts";
import { BytesInMemory } from "../../support/observed.ts";

/** Looks at each failpoint: the first passings are where one differs from another. */
const POLLS = 3;

const module = new WebAssembly.Module(await failpointRing());
let reached: (point: number) => void = () => {};
useFailpoints(module, (point) => reached(point));

/** A file's bytes, if there is one. */
function bytesOf(path: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Deno.readFileSync(path);
  } catch {
    return undefined;
  }
}

Deno.test("a segment is intact at every failpoint, and unfinished messages are listed", async () => {
  using directory = new TestDirectory();
  const { path: dir } = directory;
  const looks = new Map<number, number>();
  const problems = new Set<string>();
  let unfinished = 0;
  reached = (point) => {
    const count = (looks.get(point) ?? 0) + 1;
    looks.set(point, count);
    if (count > POLLS) return;
    for (const name of ["news", "jobs", "calc"]) {
      const bytes = bytesOf(directory.file(name));
      if (bytes === undefined) continue;
      const inspection = inspect(new BytesInMemory(bytes), { records: 100 });
      unfinished += inspection.unfinished;
      for (const { part, problem } of inspection.issues) {
        problems.add(`${RING_POINTS[point]}: ${part.replace(/\d+/, "N")}: ${problem}`);
      }
    }
  };
  try {
    await useChannels(dir);
  } finally {
    reached = () => {};
  }
  assert.deepEqual([...problems], []);
  assert.ok(unfinished > 0);
  assert.ok(looks.size > 60, `${looks.size} failpoints`);
});

/** Sends and receives in all ways that write different things. */
async function useChannels(dir: string): Promise<void> {
  const options = { dir, capacityBytes: 2048 };
  {
    using one = new Publisher<unknown>("news", options);
    using subscriber = new Subscriber<unknown>("news", options);
    using two = new Publisher<unknown>("news", options);
    for (let n = 0; n < 100; n++) (n % 3 ? one : two).send(n % 40 ? n : "x".repeat(5000));
    subscriber.drain();
    one.sendMany([1, 2, 3]);
    assert.equal(await subscriber.recv(), 1);
  }
  {
    using one = new Pusher<unknown>("jobs", options);
    using two = new Pusher<unknown>("jobs", options);
    using keeper = new Puller<unknown>("jobs", { ...options, ack: true });
    for (let n = 0; n < 20; n++) (n % 3 ? one : two).send(n % 7 ? n : "y".repeat(3000));
    const held = [keeper.recvSync(), keeper.recvSync(), keeper.recvSync()];
    held[0].ack();
    held[1].nack();
    held[2].ack();
    using puller = new Puller<unknown>("jobs", options);
    puller.recvSync();
    puller.drain();
    keeper.drain().forEach((delivery) => delivery.ack());
  }
  using requester = new Requester<number, number>("calc", options);
  using replier = new Replier<number, number>("calc", options);
  const stop = new AbortController();
  const served = replier.serve((n) => n + 1, { signal: stop.signal });
  assert.equal(await requester.request(1), 2);
  await assert.rejects(requester.request(1, { timeoutMs: 0 }));
  stop.abort();
  await served;
}
