// Publishes what a robot measures, each kind with a topic of its own. Run panel.ts as well:
//   deno run --allow-ffi examples/topics/robot.ts
import { Publisher } from "@ringbus/ringbus";

/** What each message holds. */
export interface Reading {
  step: number;
  value: number;
}

const STEPS = 20;

if (import.meta.main) {
  using publisher = new Publisher<Reading>("example-robot");
  for (let step = 1; step <= STEPS; step++) {
    publisher.send({ step, value: Math.sin(step) }, { topic: "pose.arm" });
    publisher.send({ step, value: Math.cos(step) }, { topic: "pose.base" });
    publisher.send({ step, value: 1 - step / 100 }, { topic: "battery" });
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  console.log(`published ${publisher.statistics().sent} readings`);
}
