// Pushes 1,000 tasks, each to one puller. Run it, with pullers before or after it:
//   deno run --allow-ffi examples/pipeline/pusher.ts
import { Pusher } from "@ringbus/ringbus";

using pusher = new Pusher<{ task: number }>("example-tasks");
for (let task = 1; task <= 1000; task++) {
  await pusher.sendAsync({ task }); // waits while the ring is full
}
console.log("pushed 1000 tasks");
