// A service that is changed while it runs. Start it, then feed.ts, set VERSION to 2 and save this file: the watcher
// starts the service again, and no job and no reading is lost. It runs until Ctrl-C:
//   deno run --watch --allow-ffi examples/hot_reload/service.ts
import { jobs, progress, readings, results } from "./channels.ts";

const VERSION = 1;

// A restart closes the sockets: jobs that are not acknowledged go back, and the next version gets them.
using todo = jobs.puller({ ack: true, maxUnacked: 4, label: `version ${VERSION}` });
using done = results.pusher();
// The rings still have what was published during the restart, and also what an earlier version has seen.
using news = readings.subscriber({ since: "oldest" });
using seen = progress.latest();

async function doJobs(): Promise<void> {
  for await (const job of todo) {
    await new Promise((resolve) => setTimeout(resolve, 5)); // the work
    await done.sendAsync({ job: job.value, version: VERSION });
    job.ack();
  }
}

async function follow(): Promise<void> {
  for await (const { number } of news) {
    const { last, count } = seen.get("readings") ?? { last: 0, count: 0 };
    if (number > last) seen.set("readings", { last: number, count: count + 1 });
  }
}

console.log(`version ${VERSION} is ready`);
await Promise.all([doJobs(), follow()]);
