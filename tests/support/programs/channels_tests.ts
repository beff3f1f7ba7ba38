// Tests as a user writes them, with the sanitizers of Deno as they are by default, and all of them.

import { Puller, Pusher } from "../../../mod.ts";
import { testChannels } from "../../../testing/mod.ts";

const worker = new URL("./channel_program.ts", import.meta.url);

async function usesEverything(): Promise<void> {
  await using channels = testChannels();
  using pusher = new Pusher<string>("jobs");
  using puller = new Puller<string>("done");
  const child = channels.process(worker);
  pusher.send("one");
  await puller.recv();
  await channels.killed(child);
  channels.worker(worker);
  await puller.recv();
}

Deno.test("by default", usesEverything);
Deno.test({
  name: "strict",
  sanitizeOps: true,
  sanitizeResources: true,
  sanitizeExit: true,
  fn: usesEverything,
});
