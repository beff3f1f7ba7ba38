// Moves an arm to the target of each request, and streams its progress, until Ctrl-C:
//   deno run --allow-ffi examples/streams/replier.ts
import { Replier } from "@ringbus/ringbus";

const stop = new AbortController();
Deno.addSignalListener("SIGINT", () => stop.abort());

using replier = new Replier<number, string>("example-arm");
console.log("ready");
let angle = 0;
await replier.serveStream<number>(async function* (target) {
  try {
    while (angle !== target) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      angle += Math.sign(target - angle);
      yield angle; // goes on when the requester wants it
    }
    return `reached ${target} degrees`;
  } finally {
    console.log(`stopped at ${angle} degrees`);
  }
}, { signal: stop.signal });
Deno.exit();
