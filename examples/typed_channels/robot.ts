// Moves when panel.ts asks, and publishes where it is, until Ctrl-C. Run it:
//   deno run --allow-ffi examples/typed_channels/robot.ts
import { movement, position } from "./channels.ts";

const stop = new AbortController();
Deno.addSignalListener("SIGINT", () => stop.abort());

using replier = movement.replier();
using publisher = position.publisher();
let x = 0;
console.log("ready");
await replier.serveStream(function* ({ steps, speed }) {
  for (let step = 1; step <= steps; step++) {
    x += speed;
    publisher.send({ step, x, y: 0 });
    yield step;
  }
  return { x };
}, { signal: stop.signal });
console.log(`stands at ${x}`);
Deno.exit();
