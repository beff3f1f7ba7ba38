// A service that logs 2,000 lines, to watchers and to the archive. Start several, each with a name:
//   deno run --allow-ffi examples/log_fanout/service.ts billing
import { Publisher, Pusher } from "@ringbus/ringbus";
import { ARCHIVE, CAPACITY_BYTES, type Line, LIVE } from "./line.ts";

const LINES = 2000;
const [service] = Deno.args;
using live = new Publisher<Line>(LIVE, { capacityBytes: CAPACITY_BYTES });
using archive = new Pusher<Line>(ARCHIVE, { capacityBytes: CAPACITY_BYTES });

function levelOf(number: number): Line["level"] {
  return number % 100 === 0 ? "error" : number % 10 === 0 ? "info" : "debug";
}

for (let number = 1; number <= LINES; number++) {
  const line: Line = { service, number, level: levelOf(number), text: `step ${number}` };
  live.send(line); // never waits
  await archive.sendAsync(line); // waits while the ring is full
}
console.log(`${service} logged ${LINES} lines`);
