// The control loop of a robot: 1,000 times a second it decides how fast to go, from the newest scan and frame, and
// from which sensors work. Run it, with lidar.ts, camera.ts and motor.ts before or after it, or see main.ts:
//   deno run --allow-ffi examples/robot/control.ts
import { Signal } from "@ringbus/ringbus";
import { Deadline, type Pollable, Poller } from "@ringbus/ringbus/poll";
import { type Command, commands, CONTROL, frames, scans } from "./channels.ts";
import { Sensor } from "./health.ts";

const PERIOD_MS = 1;
/** The motor stops if no command has come for so long. */
const COMMAND_TTL_MS = 500;

using control = new Signal(CONTROL);
using lidar = scans.subscriber({ conflate: true, deadlineMs: 250 });
using camera = frames.subscriber({ deadlineMs: 250 });
using motor = commands.latest();
const tick = new Deadline(0);
using poller = new Poller<Pollable>([lidar, camera, control, tick]);

const sensors = { lidar: new Sensor("lidar"), camera: new Sensor("camera") };
const stop = new AbortController();
const watching = [
  sensors.lidar.watch(scans.name, lidar, stop.signal),
  sensors.camera.watch(frames.name, camera, stop.signal),
];

let nearest = 0; // metres
let light = 0;

function readFrame(): void {
  using view = camera.recvView();
  if (view === undefined) return;
  const value = view.bytes[0];
  if (view.intact) light = value; // else the camera was faster, and the next frame is there
}

/** What the robot does without a sensor: slower without its camera, and nothing without its lidar. */
function decide(): Omit<Command, "ticks"> {
  const { lidar, camera } = sensors;
  if (lidar.state !== "works") return { metresPerSecond: 0, why: `lidar: ${lidar.state}` };
  if (camera.state !== "works") return { metresPerSecond: 0.2, why: `camera: ${camera.state}` };
  return { metresPerSecond: Math.min(nearest / 2, light < 50 ? 0.5 : 1), why: "all sensors work" };
}

let ticks = 0;
for (let dueMs = performance.now(), isOver = false; !isOver;) {
  tick.set(Math.max(0, dueMs - performance.now()));
  for (const { source, kind } of await poller.wait()) {
    if (source === lidar) nearest = Math.min(...lidar.tryRecv()?.metres ?? [nearest]);
    if (source === camera) readFrame();
    if (source === control) isOver ||= control.tryWait().length > 0;
    if (kind !== "due") continue;
    motor.set("command", { ...decide(), ticks: ++ticks }, { ttlMs: COMMAND_TTL_MS });
    dueMs = Math.max(dueMs + PERIOD_MS, performance.now() - 100); // what was missed for longer is left out
  }
}
stop.abort();
await Promise.all(watching);
console.log("control: ended");
