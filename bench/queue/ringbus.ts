/** `RedisMessageQueue`. Arguments: URL, partitions, replicas to wait for, messages, how many at a time. */
import { RedisMessageQueue } from "../../backends/queue/redis/mod.ts";
import { RingbusPeer } from "./ringbus_peer.ts";
import { runPeer } from "./workload.ts";

const [redisUrl, partitions, minReplicas, ...rest] = Deno.args;

/** One agent in one partition; with more, enough to be in all of them. */
const agents = Array.from({ length: Number(partitions) === 1 ? 1 : 24 }, (_, i) => `agent_${i}`);

const queue = new RedisMessageQueue({
  redisUrl,
  partitions: Number(partitions),
  minReplicas: Number(minReplicas),
  // A namespace keeps its number of partitions.
  namespace: Number(partitions) > 3 ? `by-${partitions}` : "default",
  maxItems: 1_000_000,
});
await runPeer(await new RingbusPeer(queue, queue, agents).open(), rest);
