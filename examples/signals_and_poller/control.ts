// Sends jobs to worker.ts, and tells it to stop. Run it while worker.ts runs:
//   deno run --allow-ffi examples/signals_and_poller/control.ts
import { Pusher, Signal } from "@ringbus/ringbus";
import { STOP } from "./worker.ts";

using urgent = new Pusher<string>("example-urgent");
using normal = new Pusher<string>("example-normal");
using control = new Signal("example-control");

normal.sendMany(["resize 1.png", "resize 2.png"]);
urgent.send("rotate 3.png");
control.notify(STOP);
console.log("sent 3 jobs");
