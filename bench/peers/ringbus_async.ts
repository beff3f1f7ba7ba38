/** Ringbus with the calls that wait in the event loop, as a peer of the benchmark. */
import { openRingbus } from "../../cli/benchmark/peers/ringbus_connection.ts";
import { exitWithHarness, nowNs } from "./clock.ts";
import { channelsOf } from "./ringbus_channel.ts";
import { harness, playForHarness } from "./shared/control.js";
import { readTask } from "./shared/task.js";

exitWithHarness();
const task = readTask();
const connection = openRingbus(task.role, channelsOf(task)(""), harness(task, nowNs));
await playForHarness(connection, task, nowNs);
