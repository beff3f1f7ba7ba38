// The reader. It waits until a thread has the given number of slots, and prints them:
//   deno run --allow-net --allow-run --allow-env examples/shared_state/reader.ts thread-1 10

import { deserializeSlot } from "@ringbus/ringbus/state";
import { openState } from "./state.ts";

const [thread, count] = Deno.args;
await using state = await openState();
console.log("waiting");
while (await state.bufferThreadLen(thread) < Number(count)) {
  await new Promise((resolve) => setTimeout(resolve, 20));
}

const steps = new Map<string, number[]>();
for (const [index, slot] of (await state.bufferGetThread(thread)).entries()) {
  const { from, step } = deserializeSlot(slot, { threadId: thread, index }) as {
    from: string;
    step: number;
  };
  steps.set(from, [...steps.get(from) ?? [], step]);
}
for (const name of [...steps.keys()].sort()) console.log(`${name}: ${steps.get(name)}`);
console.log(Object.values(await state.registryListAll()).sort().join(", "));
