// Prints the pose of the arm that robot.ts moves, until it has made all steps. A panel that is slow or
// comes late prints the latest pose and not those before. Run one or several:
//   deno run --allow-ffi examples/latest_values/panel.ts
import { Latest } from "@ringbus/ringbus";

/** A value of robot.ts. */
export interface Pose {
  step: number;
  x: number;
}

if (import.meta.main) {
  using latest = new Latest<Pose>("example-arm");
  console.log("watching");
  for await (const { value } of latest.watch("pose")) {
    if (value === undefined) continue;
    if (value.step % 25 === 0) console.log(`x is ${value.x} after ${value.step} steps`);
    if (value.step === 100) break;
  }
}
