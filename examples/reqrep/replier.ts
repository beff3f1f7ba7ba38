// Replies to requests with their square root until Ctrl-C. Run one or several:
//   deno run --allow-ffi examples/reqrep/replier.ts
import { Replier } from "@ringbus/ringbus";

const stop = new AbortController();
Deno.addSignalListener("SIGINT", () => stop.abort());

using replier = new Replier<number, number>("example-roots");
console.log("serving");
await replier.serve((n) => {
  if (n < 0) throw new RangeError(`${n} has no real root`);
  return Math.sqrt(n);
}, { signal: stop.signal });
console.log(`replied to ${replier.statistics().received} requests`);
Deno.exit();
