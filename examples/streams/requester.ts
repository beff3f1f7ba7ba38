// Lets replier.ts move its arm, and cancels the second movement. Run it, with replier.ts before or
// after it:
//   deno run --allow-ffi examples/streams/requester.ts
import { Requester } from "@ringbus/ringbus";

using requester = new Requester<number, string>("example-arm");
const movement = requester.stream<number>(5, { timeoutMs: 10_000 });
let step = await movement.next();
for (; !step.done; step = await movement.next()) console.log(`at ${step.value} degrees`);
console.log(step.value); // what the generator returned

for await (const angle of requester.stream<number>(90, { timeoutMs: 10_000, window: 1 })) {
  if (angle === 8) break; // the replier's generator ends
}
console.log("cancelled at 8 degrees");
console.log(await requester.request(0, { timeoutMs: 10_000 })); // only the end of the movement
