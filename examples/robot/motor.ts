// The motor: obeys the latest command, and stands when there is none, because the control loop was killed or stopped:
//   deno run --allow-ffi examples/robot/motor.ts
import { Signal } from "@ringbus/ringbus";
import { commands, CONTROL, motors } from "./channels.ts";

using control = new Signal(CONTROL);
using latest = commands.latest();
using motor = motors.latest();
const stop = new AbortController();
control.wait().then(() => stop.abort());

for await (const { value } of latest.watch("command", { signal: stop.signal })) {
  const verb = value !== undefined && value.metresPerSecond > 0 ? "drives" : "stands";
  const state = `${verb} (${value?.why ?? "no command"})`;
  if (state === motor.get("state")) continue;
  console.log(`motor: ${state}`);
  motor.set("state", state);
}
