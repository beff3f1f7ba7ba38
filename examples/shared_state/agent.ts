// An agent: it registers itself, and appends its steps to the thread that the command line names. Start
// several at once:
//   deno run --allow-net --allow-run --allow-env examples/shared_state/agent.ts ann thread-1

import { serializeSlot } from "@ringbus/ringbus/state";
import { openState } from "./state.ts";

const [name, thread] = Deno.args;
await using state = await openState();

await state.registrySet(`console.router.${name}`, crypto.randomUUID());
for (let step = 0; step < 5; step++) {
  await state.bufferAppend(thread, serializeSlot({ from: name, step }));
}
console.log(`${name} appended 5 slots`);
