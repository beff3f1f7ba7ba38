// Takes its share of the tasks of pusher.ts, and ends when none arrives for a second. Run several:
//   deno run --allow-ffi examples/pipeline/puller.ts
import { Puller, ShmTimeoutError } from "@ringbus/ringbus";

using puller = new Puller<{ task: number }>("example-tasks");
console.log("waiting");
let sum = (await puller.recv()).task; // waits for the first task without a limit
try {
  while (true) sum += (await puller.recv({ timeoutMs: 1000 })).task;
} catch (error) {
  if (!(error instanceof ShmTimeoutError)) throw error;
}
console.log(`took ${puller.statistics().received} tasks, their sum is ${sum}`);
