/**
 * A Redis Cluster for a test.
 *
 * @module
 */

import { checkNoMore } from "../lib/base/checks.ts";
import { wholeNumber } from "../lib/base/option_checks.ts";
import { OptionRules } from "../lib/base/option_rules.ts";
import type { RedisReply } from "./redis_command.ts";
import { type RedisServerOptions, SERVER_CHECKS } from "./redis_config.ts";
import { type RedisServer, redisServer } from "./redis_server.ts";
import { eventually } from "./wait.ts";

/** Slots of every Redis Cluster. */
const SLOTS = 16_384;
const MIN_MASTERS = 3;
/** Generous: reached only when something hangs. */
const DEADLINE_MS = 60_000;

/** Failover within about three seconds, also to a replica that was disconnected for long. */
const CONFIG = {
  "cluster-enabled": "yes",
  "cluster-node-timeout": 2000,
  "cluster-replica-validity-factor": 0,
};

/** The size of a cluster, and the options of its nodes. */
export interface RedisClusterOptions extends RedisServerOptions {
  /** Number of masters, at least 3. Default: 3. */
  masters?: number;
  /** Number of replicas of each master. Default: 1. */
  replicas?: number;
}

const OPTIONS = new OptionRules<RedisClusterOptions>("redisCluster()", {
  masters: wholeNumber(MIN_MASTERS),
  replicas: wholeNumber(0),
  ...SERVER_CHECKS,
});

/**
 * Starts a Redis Cluster, by default 3 masters with one replica each. Waits until every node knows the
 * role of every other node, and every replica follows its master. Disposing the value removes all nodes
 * and their directories.
 *
 * Throws `RangeError` for an invalid size, and as {@linkcode redisServer} does.
 *
 * @example
 * ```ts
 * import { redisCluster } from "@ringbus/ringbus/testing";
 *
 * await using cluster = await redisCluster({ masters: 3, replicas: 1 });
 * console.log(cluster.url); // redis-cluster://127.0.0.1:14148,127.0.0.1:14149,...
 * const master = await cluster.masterOf("greeting");
 * await master.command("SET", "greeting", "hello");
 * console.log(await master.command("WAIT", "1", "1000")); // 1
 * ```
 */
export async function redisCluster(options: RedisClusterOptions = {}): Promise<RedisCluster> {
  checkNoMore("redisCluster()", arguments, 1);
  OPTIONS.check(options);
  const { masters = MIN_MASTERS, replicas = 1, ...ofNode } = options;
  await using owned = new AsyncDisposableStack();
  const nodes = await startNodes(masters * (1 + replicas), ofNode, owned);
  await join(nodes, masters);
  const cluster = new RedisCluster(nodes, masters, options, owned.move());
  try {
    await cluster.ready();
    return cluster;
  } catch (error) {
    await cluster[Symbol.asyncDispose]();
    throw error;
  }
}

async function startNodes(
  count: number,
  options: RedisServerOptions,
  owner: AsyncDisposableStack,
): Promise<RedisServer[]> {
  const config = { ...CONFIG, ...options.config };
  const starts = Array.from({ length: count }, () => redisServer({ ...options, config }));
  // The value owns the nodes that have started, also if another one has not.
  for (const start of await Promise.allSettled(starts)) {
    if (start.status === "fulfilled") owner.use(start.value);
  }
  return await Promise.all(starts);
}

/** Joins nodes to a cluster: the first ones get the slots, the others follow them. */
async function join(nodes: RedisServer[], masters: number): Promise<void> {
  const bound = (i: number) => Math.floor(i * SLOTS / masters);
  const slots = (i: number) => [String(bound(i)), String(bound(i + 1) - 1)];
  await Promise.all(nodes.map(async (node, i) => {
    await node.command("CLUSTER", "SET-CONFIG-EPOCH", String(i + 1));
    if (i < masters) await node.command("CLUSTER", "ADDSLOTSRANGE", ...slots(i));
  }));
  const [first, ...others] = nodes;
  for (const { host, port } of others) {
    await first.command("CLUSTER", "MEET", host, String(port));
  }
  const allKnown = async () => {
    const views = await Promise.all(nodes.map(viewOf));
    return views.every((view) => view.filter(({ isHealthy }) => isHealthy).length === nodes.length);
  };
  const timeoutError = () =>
    new Error(`the nodes of a cluster did not join within ${DEADLINE_MS} ms`);
  await eventually(allKnown, DEADLINE_MS, timeoutError);
  await Promise.all(
    nodes.slice(masters).map(async (node, i) => {
      const id = await nodes[i % masters].command("CLUSTER", "MYID");
      await node.command("CLUSTER", "REPLICATE", String(id));
    }),
  );
}

/** The state of a node, as a node of the cluster reports it. */
interface NodeView {
  port: number;
  isMaster: boolean;
  isHealthy: boolean;
}

async function viewOf(node: RedisServer): Promise<NodeView[]> {
  const lines = String(await node.command("CLUSTER", "NODES")).trim().split("\n");
  return lines.map((line) => {
    const [, address, flags] = line.split(" ");
    return {
      port: Number(address.match(/:(\d+)@/)![1]),
      isMaster: flags.includes("master"),
      isHealthy: !/fail|handshake|noaddr/.test(flags),
    };
  });
}

/** A running Redis Cluster, as {@linkcode redisCluster} starts it. */
export class RedisCluster implements AsyncDisposable {
  /** All nodes. At first, the masters are before the replicas. */
  readonly nodes: readonly RedisServer[];
  readonly #masters: number;
  readonly #options: RedisServerOptions;
  readonly #owned: AsyncDisposableStack;

  /** Makes a value that owns nodes which have joined. */
  constructor(
    nodes: readonly RedisServer[],
    masters: number,
    options: RedisServerOptions,
    owned: AsyncDisposableStack,
  ) {
    this.nodes = nodes;
    this.#masters = masters;
    this.#options = options;
    this.#owned = owned;
  }

  /** `redis-cluster://127.0.0.1:port,127.0.0.1:port,...`, with the password if there is one. */
  get url(): string {
    const { password, tls } = this.#options;
    const access = password === undefined ? "" : `:${encodeURIComponent(password)}@`;
    const scheme = tls === undefined ? "redis" : "rediss";
    return `${scheme}-cluster://${access}${this.nodes.map((n) => `${n.host}:${n.port}`).join(",")}`;
  }

  /** The running nodes that are masters now. */
  async masters(): Promise<RedisServer[]> {
    checkNoMore("masters()", arguments, 0);
    return await this.#inRole("master");
  }

  /** The running nodes that are replicas now. */
  async replicas(): Promise<RedisServer[]> {
    checkNoMore("replicas()", arguments, 0);
    return await this.#inRole("slave");
  }

  /** The current master of the slot of a key. Throws an `Error` while there is none. */
  async masterOf(key: string): Promise<RedisServer> {
    checkNoMore("masterOf()", arguments, 1);
    for (const master of await this.masters()) {
      const slot = Number(await master.command("CLUSTER", "KEYSLOT", key));
      const ranges = await master.command("CLUSTER", "SLOTS") as [number, number, RedisReply[]][];
      const range = ranges.find(([first, last]) => first <= slot && slot <= last);
      if (range?.[2][1] === master.port) return master;
    }
    throw new Error(`no running master has the slot of "${key}"; await ready() after a failure`);
  }

  /** Kills a node (SIGKILL), and waits for its end, but not until its replica has taken over. */
  async kill(node: RedisServer): Promise<void> {
    await this.#own(node).kill();
  }

  /**
   * Restarts a node, and waits as `ready()` does. A master without `appendOnly` that restarts before its
   * replica has taken over loses its keys, also those of the replica: await `ready()` before.
   */
  async restart(node: RedisServer): Promise<void> {
    checkNoMore("restart()", arguments, 1);
    await this.#own(node).restart();
    await this.ready();
  }

  /**
   * Waits until the cluster serves all slots, all running nodes agree about each other's roles, and
   * every running replica is connected to its master. Throws an `Error` after 60 seconds.
   */
  async ready(): Promise<void> {
    checkNoMore("ready()", arguments, 0);
    let why: string | undefined;
    await eventually(
      async () => (why = await this.#whyNotReady()) === undefined,
      DEADLINE_MS,
      () => new Error(`${this.url} is not ready within ${DEADLINE_MS} ms: ${why}`),
    );
  }

  /** Kills all nodes and deletes their directories. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned.disposeAsync();
  }

  get #running(): RedisServer[] {
    return this.nodes.filter((node) => node.isRunning);
  }

  #own(node: RedisServer): RedisServer {
    if (this.nodes.includes(node)) return node;
    throw new TypeError(`the server on port ${node.port} is not a node of ${this.url}`);
  }

  async #inRole(role: string): Promise<RedisServer[]> {
    const roles = await Promise.all(this.#running.map(roleOf));
    return this.#running.filter((_, i) => roles[i].name === role);
  }

  async #whyNotReady(): Promise<string | undefined> {
    const running = this.#running;
    const ports = new Set(running.map(({ port }) => port));
    for (const node of running) {
      const who = `the node on port ${node.port}`;
      const info = String(await node.command("CLUSTER", "INFO"));
      if (!info.includes("cluster_state:ok")) return `${who} says ${info}`;
      if (!(await roleOf(node)).isConnected) return `${who} is not connected to its master`;
      const view = (await viewOf(node)).filter(({ port }) => ports.has(port));
      const healthy = view.filter(({ isHealthy }) => isHealthy);
      if (healthy.length < running.length) return `${who} does not see all others`;
      const masters = healthy.filter(({ isMaster }) => isMaster).length;
      if (masters !== this.#masters) return `${who} sees ${masters} masters that run`;
    }
    return undefined;
  }
}

async function roleOf(node: RedisServer): Promise<{ name: string; isConnected: boolean }> {
  const [name, , , linkState] = await node.command("ROLE") as RedisReply[];
  return { name: String(name), isConnected: name === "master" || linkState === "connected" };
}
