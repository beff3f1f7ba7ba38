// Prints what publisher.ts has sent so far and what it sends next, ten positions in all. Run it while
// publisher.ts runs, or after a subscriber that still runs:
//   deno run --allow-ffi examples/pubsub/latecomer.ts
import { Subscriber } from "@ringbus/ringbus";
import type { Position } from "./subscriber.ts";

using subscriber = new Subscriber<Position>("example-positions", { since: "oldest" });
for (let left = 10; left > 0; left--) {
  const { step, x, y } = await subscriber.recv();
  console.log(`step ${step}: ${x}, ${y}`);
}
console.log(`missed ${subscriber.statistics().missed}`);
