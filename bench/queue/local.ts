/** Queues without a server. Arguments: which, messages, how many at a time. */
import {
  type Fsync,
  InMemoryMessageQueue,
  type MessageQueue,
  type QueueConfig,
  ShmMessageQueue,
} from "../../mod.ts";
import { RingbusPeer } from "./ringbus_peer.ts";
import { runPeer } from "./workload.ts";

const [kind, ...rest] = Deno.args;
const config: QueueConfig = { maxItems: 1_000_000 };

/** Two queue objects, as in two processes. */
function inShm(dir: string, fsync: Fsync): MessageQueue[] {
  const open = () => new ShmMessageQueue({ ...config, name: "bench", dir, fsync });
  return [open(), open()];
}

const dir = Deno.makeTempDirSync(kind === "shm" ? { dir: "/dev/shm" } : {});
const [publisher, consumer] = kind === "memory"
  ? [new InMemoryMessageQueue(config)]
  : inShm(dir, kind === "shm" ? "never" : kind as Fsync);
await runPeer(await new RingbusPeer(publisher, consumer).open(), rest);
Deno.removeSync(dir, { recursive: true });
