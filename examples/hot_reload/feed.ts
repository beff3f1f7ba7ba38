// Sends jobs and readings to service.ts until two versions of it have worked, and then counts what was done:
//   deno run --allow-ffi examples/hot_reload/feed.ts
import { jobs, progress, readings, results } from "./channels.ts";

using work = jobs.pusher();
using news = readings.publisher();
using done = results.puller();
using seen = progress.latest(); // also keeps the value while the service is started again

const versions = new Map<number, number>(); // by job: one that is done twice counts once
let sent = 0;

function note({ job, version }: { job: number; version: number }): void {
  if (![...versions.values()].includes(version)) console.log(`version ${version} works`);
  versions.set(job, version);
}

while (new Set(versions.values()).size < 2) {
  sent++;
  await work.sendAsync(sent);
  news.send({ number: sent });
  await new Promise((resolve) => setTimeout(resolve, 20));
  done.drain().forEach(note);
}
while (versions.size < sent) note(await done.recv());
for await (const { value } of seen.watch("readings")) {
  if (value?.last !== sent) continue;
  console.log(`sent ${sent} readings, seen ${value.count}`);
  break;
}
const names = [...new Set(versions.values())].sort().join(" and ");
console.log(`sent ${sent} jobs, done ${versions.size} by versions ${names}`);
