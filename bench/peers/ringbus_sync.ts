/** Ringbus with the calls that block their thread, as a peer of the benchmark. */
import { playSync } from "../../cli/benchmark/peers/ringbus_sync.ts";
import { dieWithHarness, nowNs } from "./clock.ts";
import { placesOf } from "./ringbus_channel.ts";
import { awaitGo, harness } from "./shared/control.js";
import { readTask } from "./shared/task.js";

dieWithHarness();
const task = readTask();
playSync(task, placesOf(task), { ...harness(task, nowNs), go: awaitGo });
