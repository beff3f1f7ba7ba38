// Prints the next five positions that publisher.ts sends. Run one or several:
//   deno run --allow-ffi examples/pubsub/subscriber.ts
import { Subscriber } from "@ringbus/ringbus";

/** A message of publisher.ts. */
export interface Position {
  step: number;
  x: number;
  y: number;
}

if (import.meta.main) {
  using subscriber = new Subscriber<Position>("example-positions");
  console.log("listening");
  for (let left = 5; left > 0; left--) {
    const { step, x, y } = await subscriber.recv();
    console.log(`step ${step}: ${x}, ${y}`);
  }
  console.log(`missed ${subscriber.statistics().missed}`);
}
