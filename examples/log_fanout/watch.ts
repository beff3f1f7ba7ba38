// Shows the lines of a level, and counts how many it saw and missed, until none arrives for two seconds.
// With "slow" it reads only twice a second:
//   deno run --allow-ffi examples/log_fanout/watch.ts error [slow]
import { ShmTimeoutError, Subscriber } from "@ringbus/ringbus";
import { CAPACITY_BYTES, type Line, LIVE } from "./line.ts";

const [level, pace] = Deno.args;
using live = new Subscriber<Line>(LIVE, { capacityBytes: CAPACITY_BYTES });
console.log("watching");

let seen = 0;
function show(line: Line): void {
  seen++;
  if (line.level === level) console.log(`${line.service} ${line.level}: ${line.text}`);
}

try {
  for (let timeoutMs = 60_000;; timeoutMs = 2000) {
    show(await live.recv({ timeoutMs }));
    live.drain().forEach(show);
    if (pace === "slow") await new Promise((resolve) => setTimeout(resolve, 500));
  }
} catch (error) {
  if (!(error instanceof ShmTimeoutError)) throw error;
}
console.log(`saw ${seen} lines, missed ${live.statistics().missed}`);
