/** Ringbus with the calls that block their thread, as a peer of the benchmark. */
import { playSync } from "../../cli/benchmark/peers/ringbus_sync.ts";
import { exitWithHarness, nowNs } from "./clock.ts";
import { channelsOf } from "./ringbus_channel.ts";
import { harness, waitForGo } from "./shared/control.js";
import { readTask } from "./shared/task.js";

exitWithHarness();
const task = readTask();
playSync(task, channelsOf(task), { ...harness(task, nowNs), waitForGo });
