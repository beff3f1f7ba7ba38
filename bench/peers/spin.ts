/** The third busy process: burns a core until it is killed. */
import { dieWithHarness } from "./clock.ts";
import { say } from "./shared/control.js";

dieWithHarness();
say({ event: "ready" });
while (true);
