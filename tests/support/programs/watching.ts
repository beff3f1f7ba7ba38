// Watches all channels of a directory, and prints one word an event. Ends after the event that it is told.

import { watchChannels } from "../../../mod.ts";

const [dir, last] = Deno.args;
for await (const { type } of watchChannels({ dir })) {
  console.log(JSON.stringify(type));
  if (type === last) break;
}
