/** Deno's own sockets as a peer of the benchmark. */
import { openSocket } from "../../cli/benchmark/peers/socket_connection.ts";
import { exitWithHarness, nowNs } from "./clock.ts";
import { harness, playForHarness } from "./shared/control.js";
import { readTask } from "./shared/task.js";

exitWithHarness();
const task = readTask();
await playForHarness(await openSocket(task, harness(task, nowNs)), task, nowNs);
