/** Ringbus with the calls that wait in the event loop, as a peer of the benchmark. */
import { openRingbus } from "../../cli/benchmark/peers/ringbus_connection.ts";
import { dieWithHarness, nowNs } from "./clock.ts";
import { placesOf } from "./ringbus_channel.ts";
import { harness, playForHarness } from "./shared/control.js";
import { readTask } from "./shared/task.js";

dieWithHarness();
const task = readTask();
const link = openRingbus(task.role, placesOf(task)(""), harness(task, nowNs));
await playForHarness(link, task, nowNs);
