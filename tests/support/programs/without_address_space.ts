/**
 * Opens channels while this process has no address space left, and again when it has some; prints what
 * became of it.
 *
 * @module
 */

import {
  listChannels,
  LocalChannel,
  Puller,
  Pusher,
  removeStale,
  ShmMessagingBackend,
} from "../../../mod.ts";
import { messageOf } from "./without_descriptors_partner.ts";

const [dir] = Deno.args;
const RLIMIT_AS = 9;
const library = Deno.dlopen("libc.so.6", {
  setrlimit: { parameters: ["i32", "buffer"], result: "i32" },
});

/** Sets the soft limit, and leaves the hard one. */
function limitTo(bytes: bigint): void {
  const limits = BigUint64Array.of(bytes, 2n ** 64n - 1n);
  if (library.symbols.setrlimit(RLIMIT_AS, limits) !== 0) throw new Error("setrlimit failed");
}

function usedBytes(): bigint {
  const [, kibibytes] = /VmSize:\s+(\d+)/.exec(Deno.readTextFileSync("/proc/self/status"))!;
  return BigInt(kibibytes) * 1024n;
}

function descriptors(): number {
  return [...Deno.readDirSync("/proc/self/fd")].length;
}

async function outcomeOf(call: () => unknown): Promise<string> {
  try {
    await call();
    return "done";
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
}

const member = new ShmMessagingBackend({ name: "messages", dir });
await member.storeMessage("space", "topic", messageOf());
using pusher = new Pusher("queue", { dir });
pusher.send(1);
new Puller("queue", { dir, ack: true }).close();
await outcomeOf(() => new Puller("queue", { dir, codec: "json" }));
limitTo(usedBytes() + 2n ** 20n);
// The memory of closed sockets is used first.
const held: Puller[] = [];
while (await outcomeOf(() => held.push(new Puller("queue", { dir }))) === "done") continue;
const openings = [
  () => new Puller("queue", { dir }).close(),
  () => new Puller("queue", { dir }).close(),
  () => new Pusher("new", { dir }).close(),
  () => new ShmMessagingBackend({ name: "messages", dir }).connect(),
  () => LocalChannel.create({ capacityBytes: 2 ** 28 }),
];
// The runtime may open a file of its own at the first error.
for (const opening of openings) await outcomeOf(opening);
const before = descriptors();
const refused: string[] = [];
for (const opening of openings) refused.push(await outcomeOf(opening));
limitTo(2n ** 64n - 1n);
const leaked = descriptors() - before;
for (const each of held) each.close();
using puller = new Puller("queue", { dir });
const received = puller.tryRecv();
const { length } = await member.getMessagesForTopic("topic");
await member.cleanup();
puller.close();
pusher.close();
removeStale({ dir });
const value = { refused, leaked, received, length, left: listChannels({ dir }).length };
console.log(JSON.stringify({ value }));
Deno.exit();
