/**
 * Where the queue of a run under faults is, and how that place fails.
 *
 * @module
 */

import {
  redisCluster,
  redisSentinel,
  type RedisServer,
  redisServer,
} from "../../../testing/mod.ts";
import { DEADLINE_MS, sleep, until } from "../../support/deadline.ts";
import type { Random } from "../../support/random.ts";
import { makeScratchDirectory } from "../../support/scratch.ts";
import type { Access } from "./access.ts";

/** A place of a queue. */
export interface Carrier extends AsyncDisposable {
  readonly access: Access;
  /** Whether another server can take over that has not got the last leases. */
  readonly hasFailovers: boolean;
  /** Milliseconds that its clock may differ from that of the processes. */
  readonly clockMs: number;
  /** What can happen to the place itself. Each one ends with a place that works. */
  readonly faults: Readonly<Record<string, (random: Random) => Promise<unknown>>>;
}

type Servers = () => Promise<readonly RedisServer[]>;

/** What can happen to any server. */
function faultsOf(servers: Servers): Carrier["faults"] {
  const all = async (...command: string[]) => {
    await Promise.all((await servers()).map((server) => server.command(...command)));
  };
  return {
    "CLIENT KILL": async () => {
      await all("CLIENT", "KILL", "TYPE", "normal");
      await all("CLIENT", "KILL", "TYPE", "pubsub");
    },
    "SCRIPT FLUSH": () => all("SCRIPT", "FLUSH"),
    "server stopped": async (random) => {
      const { pid } = random.pick(await servers());
      Deno.kill(pid, "SIGSTOP");
      await sleep(random.between(100, 1500));
      Deno.kill(pid, "SIGCONT");
    },
  };
}

/** One server, which writes all to its disk. */
async function oneServer(): Promise<Carrier> {
  const server = await redisServer({ appendOnly: true });
  return {
    access: { redisUrl: server.url, minReplicas: 0, partitions: 1 },
    hasFailovers: false,
    clockMs: 0,
    faults: {
      ...faultsOf(() => Promise.resolve([server])),
      "server killed": async (random) => {
        await server.kill();
        await sleep(random.between(50, 1000));
        await server.restart();
      },
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** A master with two replicas, which sentinels watch. */
async function sentinels(): Promise<Carrier> {
  const group = await redisSentinel();
  const servers = async () => [await group.master()];
  return {
    // A master that was stopped, and is replaced, has the replica for a while that the new one does not take.
    access: { redisUrl: group.url, minReplicas: 2, partitions: 1 },
    hasFailovers: true,
    clockMs: 0,
    faults: {
      ...faultsOf(servers),
      "failover": async (random) => {
        const former = await group.master();
        await group.kill(former);
        await group.ready();
        await sleep(random.between(50, 500));
        await group.restart(former);
      },
    },
    [Symbol.asyncDispose]: () => group[Symbol.asyncDispose](),
  };
}

/** After this time a replica that was asked to take over gives up. */
const GIVES_UP_MS = 5000;

/** Makes a replica a master. It refuses while its master does not reply, and may give up. */
async function takeOver(replica: RedisServer): Promise<void> {
  let againMs = 0;
  const hasTakenOver = async () => {
    if ((await replica.command("ROLE") as string[])[0] === "master") return true;
    if (performance.now() < againMs) return false;
    againMs = performance.now() + GIVES_UP_MS;
    await replica.command("CLUSTER", "FAILOVER").catch(() => againMs = 0);
    return false;
  };
  await until(hasTakenOver, "the failover", 2 * DEADLINE_MS);
}

/** Three masters with a replica each. */
async function cluster(): Promise<Carrier> {
  const nodes = await redisCluster({ masters: 3, replicas: 1 });
  return {
    access: { redisUrl: nodes.url, minReplicas: 1, partitions: 3 },
    hasFailovers: true,
    clockMs: 0,
    faults: {
      ...faultsOf(() => nodes.masters()),
      "failover": async (random) => {
        const victim = random.pick(await nodes.masters());
        await nodes.kill(victim);
        await nodes.ready();
        await sleep(random.between(50, 500));
        await nodes.restart(victim);
      },
      "failover on request": async (random) => {
        await takeOver(random.pick(await nodes.replicas()));
        await nodes.ready();
      },
    },
    [Symbol.asyncDispose]: () => nodes[Symbol.asyncDispose](),
  };
}

/** Shared memory, which no server keeps. */
function sharedMemory(): Promise<Carrier> {
  const dir = makeScratchDirectory();
  return Promise.resolve({
    access: { dir },
    hasFailovers: false,
    // A journal has a clock of its own, which begins with the time in whole milliseconds.
    clockMs: 2,
    faults: {},
    [Symbol.asyncDispose]: () => Deno.remove(dir, { recursive: true }),
  });
}

/** All places, by name. */
export const CARRIERS: Readonly<Record<string, () => Promise<Carrier>>> = {
  redis: oneServer,
  sentinel: sentinels,
  cluster,
  shm: sharedMemory,
};
