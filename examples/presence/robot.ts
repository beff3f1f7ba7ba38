// A robot that publishes its steps under a name of its own. Run several, and kill one of them:
//   deno run --allow-ffi examples/presence/robot.ts arm
import { Publisher } from "@ringbus/ringbus";

const [label = "robot", steps = "1000"] = Deno.args;
using publisher = new Publisher<number>("example-fleet", { label });
for (let step = 0; step < Number(steps); step++) {
  publisher.send(step);
  await new Promise((resolve) => setTimeout(resolve, 10));
}
console.log(`${label} is done`);
