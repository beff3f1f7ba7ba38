/**
 * Uses everything that has a directory after it has changed its working directory, with a relative
 * `RINGBUS_DIR`. Its argument is a directory in its own one.
 *
 * @module
 */

import { listChannels, Puller, Pusher, ShmMessagingBackend } from "../../../mod.ts";
import { ShmBackend } from "../../../backends/state/mod.ts";
import { WorkerPeer } from "../worker_peer.ts";

/** Runs a command of the command line, and returns what it prints. */
async function runCommand(...args: string[]): Promise<string> {
  const main = new URL("../../../main.ts", import.meta.url).pathname;
  const config = new URL("../../../deno.json", import.meta.url).pathname;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "--no-lock", "--config", config, main, ...args],
    stderr: "inherit",
  }).output();
  return new TextDecoder().decode(stdout);
}

/** A worker that receives a number. */
async function receiveInWorker(): Promise<number> {
  using worker = new WorkerPeer();
  await worker.execute({ do: "open", id: "in", role: "puller", target: "work" });
  const command = { do: "receive", id: "in", mode: "sync", count: 1, timeoutMs: 5000 } as const;
  const [value] = await worker.execute<number[]>(command);
  await worker.execute({ do: "close" });
  return value;
}

using pusher = new Pusher<number>("work");
await using messages = new ShmMessagingBackend({ name: "messages" });
Deno.chdir(Deno.args[0]);
await messages.set("plan", "precious");
await using state = new ShmBackend({ shmName: "state" });
await state.bufferAppend("thread", Uint8Array.of(1));
pusher.send(1);
const inWorker = await receiveInWorker();
pusher.send(2);
using puller = new Puller<number>("work");
const here = puller.tryRecv();
const listed = await runCommand("ls");
await runCommand("push", "work", "3");
console.log(JSON.stringify({
  value: {
    inWorker,
    here,
    pushed: puller.tryRecv(),
    channels: listChannels().map(({ name }) => name),
    isListed: listed.includes("work"),
    filesElsewhere: [...Deno.readDirSync(".")].map(({ name }) => name),
  },
}));
