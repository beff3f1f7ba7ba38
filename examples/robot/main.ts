// Runs the whole robot, and does to it what happens to robots: the lidar hangs, the camera is killed, and then the
// control loop. Each program says what it notices:
//   deno run --allow-ffi --allow-run examples/robot/main.ts
import { Signal } from "@ringbus/ringbus";
import { CONTROL, motors, STOP } from "./channels.ts";

const running = new Set<Deno.ChildProcess>();

function start(name: string): Deno.ChildProcess {
  const file = new URL(`${name}.ts`, import.meta.url).href;
  const args = ["run", "--quiet", "--no-prompt", "--allow-ffi", file];
  const process = new Deno.Command(Deno.execPath(), { args, stdin: "null" }).spawn();
  running.add(process);
  process.status.then(() => running.delete(process));
  return process;
}

async function endAll(signal: Deno.Signal): Promise<void> {
  for (const process of running) {
    try {
      process.kill(signal);
      process.kill("SIGCONT"); // a stopped process takes no other signal but SIGKILL
    } catch {
      // It has just ended: Ctrl-C reaches all programs of a terminal.
    }
  }
  await allEnded();
}

async function allEnded(): Promise<void> {
  await Promise.all([...running].map((process) => process.status));
}

const ending = new AbortController();
Deno.addSignalListener("SIGINT", () => ending.abort());

using motor = motors.latest();
using control = new Signal(CONTROL);

async function motorIs(expected: string): Promise<void> {
  for await (const { value } of motor.watch("state", { signal: ending.signal })) {
    if (value === expected) return;
  }
  throw new Error("Ctrl-C");
}

try {
  const [lidar, camera, loop] = ["lidar", "camera", "control", "motor"].map(start);
  await motorIs("drives (all sensors work)");

  console.log("- the lidar hangs for a while");
  lidar.kill("SIGSTOP");
  await motorIs("stands (lidar: late)");
  lidar.kill("SIGCONT");
  await motorIs("drives (all sensors work)");

  console.log("- the camera is killed, and started again");
  camera.kill("SIGKILL");
  await motorIs("drives (camera: died)");
  start("camera");
  await motorIs("drives (all sensors work)");

  console.log("- the control loop is killed, and started again");
  loop.kill("SIGKILL");
  await motorIs("stands (no command)");
  start("control");
  await motorIs("drives (all sensors work)");

  console.log("- the robot is told to stop");
  control.notify(STOP);
  await allEnded();
} catch (error) {
  if (!ending.signal.aborted) throw error;
} finally {
  await endAll("SIGTERM");
}
Deno.exit(ending.signal.aborted ? 130 : 0);
