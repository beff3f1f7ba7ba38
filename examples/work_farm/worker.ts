// Does jobs of farm.ts, four at a time, and ends when none arrives for a second. Run several, and kill one
// with `kill -9` while it works: the others do its unfinished jobs.
//   deno run --allow-ffi examples/work_farm/worker.ts
import { type Delivery, Puller, Pusher, ShmTimeoutError } from "@ringbus/ringbus";

using jobs = new Puller<number>("example-jobs", { ack: true, maxUnacked: 4 });
using results = new Pusher<{ job: number; attempt: number }>("example-results");
console.log("ready");

async function work(message: Delivery<number>): Promise<void> {
  console.log(`job ${message.value}, attempt ${message.deliveries}`);
  await new Promise((resolve) => setTimeout(resolve, 100)); // the work
  await results.sendAsync({ job: message.value, attempt: message.deliveries });
  message.ack(); // last: if this process dies before, another one does the job
}

try {
  while (true) work(await jobs.recv({ timeoutMs: 1000 })); // waits while four jobs are unfinished
} catch (error) {
  if (!(error instanceof ShmTimeoutError)) throw error;
}
console.log(`did ${jobs.statistics().received} jobs`);
