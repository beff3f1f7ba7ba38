/** The third busy process: burns a core until it is killed. */
import { exitWithHarness } from "./clock.ts";
import { say } from "./shared/control.js";

exitWithHarness();
say({ event: "ready" });
while (true);
