// Sends 60 jobs and waits until each is done, even if workers die:
//   deno run --allow-ffi examples/work_farm/farm.ts
import { Puller, Pusher } from "@ringbus/ringbus";

const JOBS = 60;
using jobs = new Pusher<number>("example-jobs");
using results = new Puller<{ job: number; attempt: number }>("example-results");

for (let job = 1; job <= JOBS; job++) await jobs.sendAsync(job);
console.log(`gave out ${JOBS} jobs`);

const done = new Map<number, number>(); // at least once: a result may arrive twice
while (done.size < JOBS) {
  const { job, attempt } = await results.recv();
  done.set(job, attempt);
}
const again = [...done.values()].filter((attempt) => attempt > 1).length;
console.log(`${done.size} jobs are done, ${again} of them by another worker than the first`);
