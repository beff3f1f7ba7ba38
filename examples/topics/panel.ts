// Shows the newest pose of each joint, and skips what it was too slow for. Run it while robot.ts runs:
//   deno run --allow-ffi examples/topics/panel.ts
import { Subscriber, type TopicMessage } from "@ringbus/ringbus";
import type { Reading } from "./robot.ts";

using subscriber = new Subscriber<TopicMessage<Reading>>("example-robot", {
  topics: ["pose.*"],
  conflate: true,
  withTopic: true,
  since: "oldest",
});
const steps = new Map<string | undefined, number>();
while (steps.size < 2 || [...steps.values()].some((step) => step < 20)) {
  const { topic, value } = await subscriber.recv();
  steps.set(topic, value.step);
  console.log(`${topic} at step ${value.step}: ${value.value.toFixed(2)}`);
}
const { received, conflated, unmatched } = subscriber.statistics();
console.log(`received ${received}, replaced ${conflated}, of other topics ${unmatched}`);
