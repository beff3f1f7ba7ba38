/** Ringbus with the calls that wait in the event loop. */
import { Puller, Pusher } from "../../mod.ts";
import { dieWithHarness, nowNs } from "./clock.ts";
import { placeOf } from "./ringbus_channel.ts";
import { say } from "./shared/control.js";
import { type Endpoint, listens, play } from "./shared/roles.js";
import { readTask, type Task } from "./shared/task.js";

function oneWay(task: Task): Endpoint {
  const { name, options } = placeOf(task, "raw");
  if (!listens(task.role)) {
    const pusher = new Pusher<Uint8Array>(name, options);
    return {
      send: (message) => pusher.sendAsync(message),
      receive: () => Promise.reject(new Error("a pusher does not receive")),
      close: () => pusher.close(),
    };
  }
  const puller = new Puller<Uint8Array>(name, options);
  say({ event: "ready" });
  return {
    send: () => Promise.reject(new Error("a puller does not send")),
    receive: () => puller.recv(),
    close: () => puller.close(),
  };
}

dieWithHarness();
const task = readTask();
await play(oneWay(task), task, nowNs);
