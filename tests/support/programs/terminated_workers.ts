/**
 * Terminates workers that wait in the event loop, block, and poll in a receive; then ends. Deno
 * waits for a terminated worker until it ends by itself, so that a channel must be closed, or
 * `Deno.exit` called, to end a program with one that blocks.
 *
 * @module
 */

import { LocalChannel, type LocalHandle } from "../../../mod.ts";
import type { Command } from "./actions.ts";

const WAYS: Record<string, Command> = {
  idle: { do: "listenIdle", prefix: "idle", count: 1 },
  blocked: { do: "spin", id: "in", call: "recvSync" },
  polling: { do: "spin", id: "in", call: "tryRecv" },
};

async function terminate(target: LocalHandle, command: Command): Promise<void> {
  const worker = new Worker(new URL("worker.ts", import.meta.url), { type: "module" });
  const next = () => new Promise<void>((resolve) => worker.onmessage = () => resolve());
  const opened = next();
  worker.postMessage({ do: "open", id: "in", role: "puller", target });
  await opened;
  const begun = next();
  worker.postMessage(command);
  await begun;
  worker.terminate();
}

const channels: LocalChannel[] = [];
for (const command of Object.values(WAYS)) {
  const channel = LocalChannel.create();
  channels.push(channel);
  await terminate(channel.handle, command);
}
console.log(JSON.stringify({ value: Object.keys(WAYS) }));
if (Deno.args[0] === "calls Deno.exit") Deno.exit(0);
for (const channel of channels) channel.close();
