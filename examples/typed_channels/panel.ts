// Asks robot.ts to move, and shows what it publishes. Run it, with robot.ts before or after it:
//   deno run --allow-ffi examples/typed_channels/panel.ts
import { SchemaError } from "@ringbus/ringbus";
import { movement, position } from "./channels.ts";

using subscriber = position.subscriber();
using requester = movement.requester();

const movements = requester.stream({ steps: 3 }, { timeoutMs: 10_000 });
let progress = await movements.next();
while (!progress.done) progress = await movements.next();
for (const { step, x } of subscriber.drain()) console.log(`step ${step}: ${x}`);
console.log(`arrived at ${progress.value.x}`);

try {
  await requester.request({ steps: 3, speed: 9 });
} catch (error) {
  if (!(error instanceof SchemaError)) throw error;
  for (const { path, message } of error.issues) console.log(`refused: ${path}: ${message}`);
}
