// The example of a robot whose sensors and whose control loop fail.

import assert from "node:assert/strict";
import { ROOT, Running } from "../support/program.ts";
import { inScratch } from "../support/scratch.ts";

/** Starts the robot as a terminal does: signals go to all of its programs. */
function startRobot(dir: string): Running {
  const args = ["run", "--quiet", "--no-prompt", "--allow-ffi", "--allow-run"];
  return new Running("the robot", Deno.execPath(), [...args, "examples/robot/main.ts"], {
    cwd: ROOT,
    env: { RINGBUS_DIR: dir },
    isGroup: true,
  });
}

/** Whether all lines are there in this order; on a busy machine, sensors may be late at other times as well. */
function assertInOrder(lines: string[], expected: string[]): void {
  let from = 0;
  for (const line of expected) {
    const at = lines.indexOf(line, from);
    assert.ok(at >= 0, `"${line}" is missing behind line ${from} of:\n${lines.join("\n")}`);
    from = at + 1;
  }
}

Deno.test("example robot: it goes on without a sensor, says why, and stands without its control loop", () =>
  inScratch(async ({ path }) => {
    await using robot = startRobot(path);
    const lines = await robot.lines();
    const said = (who: string) => lines.filter((line) => line.startsWith(who));
    assertInOrder(said("motor:"), [
      "motor: drives (all sensors work)",
      "motor: stands (lidar: late)",
      "motor: drives (all sensors work)",
      "motor: drives (camera: died)",
      "motor: drives (all sensors work)",
      "motor: stands (no command)",
      "motor: drives (all sensors work)",
    ]);
    assertInOrder(said("lidar:"), ["lidar: works", "lidar: late", "lidar: works"]);
    assertInOrder(said("camera:"), ["camera: works", "camera: died", "camera: works"]);
    // The one that was killed said nothing at its end.
    assert.deepEqual(said("control:"), ["control: ended"]);
  }));

Deno.test("example robot: Ctrl-C ends all of its programs", () =>
  inScratch(async ({ path }) => {
    await using robot = startRobot(path);
    await robot.prints("motor: drives (all sensors work)");
    robot.kill("SIGINT");
    assert.equal((await robot.ended()).code, 130);
  }));
