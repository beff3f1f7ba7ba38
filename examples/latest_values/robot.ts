// Sets the pose of an arm a hundred times, and counts its steps. Run it, before or after panel.ts:
//   deno run --allow-ffi examples/latest_values/robot.ts
import { Latest } from "@ringbus/ringbus";
import type { Pose } from "./panel.ts";

using latest = new Latest<Pose | number>("example-arm");
for (let step = 1; step <= 100; step++) {
  latest.set("pose", { step, x: step / 10 });
  latest.update("steps", (steps) => (steps as number ?? 0) + 1);
  await new Promise((resolve) => setTimeout(resolve, 5));
}
console.log(`made ${latest.get("steps")} steps`);
