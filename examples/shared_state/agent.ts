// An agent: it registers itself, and adds its steps to the thread that it is named on the command line.
// Start several at once. They need --allow-net, --allow-run and --allow-env=STATE_PORT,STATE_KEY.

import { serializeSlot } from "../../state.ts";
import { openState } from "./state.ts";

const [name, thread] = Deno.args;
await using state = await openState();

await state.registrySet(`console.router.${name}`, crypto.randomUUID());
for (let step = 0; step < 5; step++) {
  await state.bufferAppend(thread, serializeSlot({ from: name, step }));
}
console.log(`${name} appended 5 slots`);
