// Starts a process of a test, prints its id, and waits to be killed.

import { testChannels } from "../../../testing/mod.ts";

await using channels = testChannels();
const child = channels.process(new URL("./channel_program.ts", import.meta.url));
await child.prints("ready");
console.log(`started ${child.pid} in ${channels.dir} end`);
await new Promise(() => setTimeout(() => {}, 2 ** 30));
