// Publishes a position ten times a second. Run it, with subscriber.ts before or beside it:
//   deno run --allow-ffi examples/pubsub/publisher.ts
import { Publisher } from "@ringbus/ringbus";
import type { Position } from "./subscriber.ts";

using publisher = new Publisher<Position>("example-positions");
for (let step = 0; step < 30; step++) {
  publisher.send({ step, x: step / 10, y: -step / 10 }); // never waits
  await new Promise((resolve) => setTimeout(resolve, 100));
}
console.log("published 30 positions");
