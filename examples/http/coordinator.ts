// Sends tasks to a worker in another process, and waits for the results. Run it:
//   deno run --allow-net --allow-run examples/http/coordinator.ts
import { SharedMemoryMessagingBackend, startSharedMemoryServer } from "@ringbus/ringbus/http";

await using server = await startSharedMemoryServer();
await using backend = new SharedMemoryMessagingBackend({ serverUrl: server.url });

for (const number of [1, 2, 3]) {
  await backend.set(`task_${number}`, { square: number });
  await backend.sadd("pending_tasks", `task_${number}`);
}

const done = Promise.withResolvers<void>();
await backend.subscribe("results", ({ payload }) => {
  console.log(`${payload.task}: ${payload.result}`);
  if (payload.isLast) done.resolve();
});

const worker = new Deno.Command(Deno.execPath(), {
  args: ["run", "--allow-net", new URL("worker.ts", import.meta.url).href, server.url],
}).spawn();
await done.promise;
await worker.status;
