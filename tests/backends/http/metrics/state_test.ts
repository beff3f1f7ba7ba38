// Shared states in `/metrics`.

import assert from "node:assert/strict";
import { InMemoryBackend } from "../../../../backends/state/memory.ts";
import { serveHttp } from "../../../support/http.ts";
import { readPrometheus } from "../../../support/prometheus.ts";

Deno.test("metrics: shared states, and one that does not answer", async () => {
  await using agents = new InMemoryBackend({ maxThreads: 7 });
  await agents.registrySet("a.b", "uuid");
  await agents.bufferAppend("thread", new Uint8Array(3));
  await using silent = new InMemoryBackend();
  await silent.close();
  await using scene = await serveHttp({ states: { agents, silent } });
  const families = readPrometheus((await scene.call("/metrics")).text);
  const of = (name: string, state: string) =>
    families.get(`ringbus_state_${name}`)?.samples
      .get(`ringbus_state_${name}${JSON.stringify([["state", state]])}`);
  assert.deepEqual([of("up", "agents"), of("up", "silent")], [1, 0]);
  assert.deepEqual(
    ["threads", "max_threads", "chains"].map((name) => of(name, "agents")),
    [1, 7, 1],
  );
  assert.equal(of("threads", "silent"), undefined);
});
