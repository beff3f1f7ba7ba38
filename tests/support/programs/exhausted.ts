/**
 * Fills a ring that another process reads in place, uses up all descriptors, and tries to send on.
 *
 * @module
 */

import { Pusher, ShmBufferFullError } from "../../../mod.ts";

const [dir] = Deno.args;

function writeLine(value: string): void {
  console.log(JSON.stringify({ value }));
}

function useUpDescriptors(): Deno.FsFile[] {
  const files: Deno.FsFile[] = [];
  try {
    while (true) files.push(Deno.openSync("/dev/null"));
  } catch {
    return files;
  }
}

function sendMore(pusher: Pusher<Uint8Array>): string {
  try {
    for (let n = 0; n < 20; n++) pusher.sendSync(new Uint8Array(100).fill(2), { timeoutMs: 300 });
    return "sent";
  } catch (error) {
    if (error instanceof ShmBufferFullError) return "full";
    throw error;
  }
}

using pusher = new Pusher<Uint8Array>("held", { dir, codec: "raw" });
while (pusher.send(new Uint8Array(100).fill(1))) continue;
writeLine("ready");
await Deno.stdin.read(new Uint8Array(64));
const files = useUpDescriptors();
const outcome = sendMore(pusher);
for (const file of files) file.close();
writeLine(outcome);
