import assert from "node:assert/strict";
import { LocalChannel, Puller, Pusher } from "../../../mod.ts";
import { numbers } from "../../conformance/channel/values.ts";
import { WorkerPeer } from "../../support/worker_peer.ts";

Deno.test("workers that acknowledge share a local channel, and return what they held", async () => {
  using channel = LocalChannel.create();
  const target = channel.handle;
  using pusher = new Pusher<number>(target);
  using survivor = new Puller<number>(target, { ack: true });
  using peers = new DisposableStack();
  const workers = numbers(3).map(() => peers.use(new WorkerPeer()));
  for (const worker of workers) {
    const options = { ack: true };
    await worker.execute({ do: "open", id: "in", role: "puller", target, options });
  }
  for (const settle of ["ack", "keep"] as const) {
    pusher.sendMany(numbers(30));
    const pulls = workers.map((worker) =>
      worker.execute<[number, number][]>({ do: "pull", id: "in", count: 10, settle })
    );
    const pulled = (await Promise.all(pulls)).flat();
    assert.deepEqual(pulled.map(([value]) => value).sort((a, b) => a - b), numbers(30));
    assert.equal(survivor.tryRecv(), undefined);
  }
  const first = survivor.recv({ timeoutMs: 20_000 });
  for (const worker of workers) await worker.execute({ do: "close", id: "in" });
  const again = [await first, ...survivor.drain()];
  assert.deepEqual(again.map(({ value }) => value).sort((a, b) => a - b), numbers(30));
  assert.ok(again.every(({ deliveries }) => deliveries === 2));
  for (const message of again) message.ack();
});
