/**
 * A Redis master with replicas, and the sentinels that watch them, for a test.
 *
 * @module
 */

import { checkNoMore } from "../lib/base/checks.ts";
import { text, wholeNumber } from "../lib/base/option_checks.ts";
import { OptionRules } from "../lib/base/option_rules.ts";
import { messageOf } from "../lib/base/thrown.ts";
import type { RedisReply } from "./redis_command.ts";
import {
  type Directives,
  portDirectives,
  quoted,
  type RedisServerOptions,
  SERVER_CHECKS,
  textOf,
} from "./redis_config.ts";
import { type RedisProgram, RedisServer, redisServer, startOnFreePort } from "./redis_server.ts";
import { eventually } from "./wait.ts";

/** The name of the master, unless the test chooses one. */
const NAME = "mymaster";
/** A sentinel that is lost leaves a majority. */
const MIN_SENTINELS = 3;
/** After this time without a reply a server counts as down. */
const DOWN_AFTER_MS = 1000;
/** Generous: reached only when something hangs. */
const DEADLINE_MS = 60_000;
/** A failover that fails is tried again after twice this time. */
const FAILOVER_TIMEOUT_MS = 4000;

/**
 * Milliseconds of the sentinels' intervals, with which a failover takes 2 seconds instead of 12. Within four
 * periods of publishing they learn of a new master that another one has made, which takes a second;
 * otherwise they make it a replica again.
 */
const INTERVALS = {
  "INFO-PERIOD": 200,
  "PING-PERIOD": 200,
  "ASK-PERIOD": 200,
  "PUBLISH-PERIOD": 500,
  "TILT-PERIOD": 1000,
};

/** The size of a group of servers, and the options of each. */
export interface RedisSentinelOptions extends RedisServerOptions {
  /** Name by which the sentinels know the master. Default: `"mymaster"`. */
  name?: string;
  /** Number of replicas, at least 1. Default: 2. */
  replicas?: number;
  /** Number of sentinels, at least 3. Default: 3. */
  sentinels?: number;
  /** Password that clients must send to the sentinels. Default: none. */
  sentinelPassword?: string;
}

/** Sentinel writes passwords into its configuration as they are, and reads that when it restarts. */
function passwordOfSentinel(name: string, password: unknown): string {
  if (typeof password === "string" && /^[^\s"'\\]+$/.test(password)) return password;
  throw new TypeError(
    `${name} must be a string without white space, quotes and backslashes: Sentinel could not read it`,
  );
}

const OPTIONS = new OptionRules<RedisSentinelOptions>("redisSentinel()", {
  name: text,
  replicas: wholeNumber(1),
  sentinels: wholeNumber(MIN_SENTINELS),
  ...SERVER_CHECKS,
  password: passwordOfSentinel,
  sentinelPassword: passwordOfSentinel,
});

/**
 * Starts a Redis master with replicas, by default 2, and 3 sentinels that replace the master when it is
 * down. Waits until the replicas follow the master and the sentinels know all others. Disposing the value
 * removes all servers and their directories.
 *
 * Throws `RangeError` for an invalid size, and as {@linkcode redisServer} does.
 *
 * @example
 * ```ts
 * import { redisSentinel } from "@ringbus/ringbus/testing";
 *
 * await using group = await redisSentinel({ replicas: 1 });
 * console.log(group.url); // redis+sentinel://127.0.0.1:14150,127.0.0.1:14151,.../mymaster
 * const former = await group.master();
 * const master = await group.failover();
 * console.log(master === former); // false
 * ```
 */
export async function redisSentinel(options: RedisSentinelOptions = {}): Promise<RedisSentinel> {
  checkNoMore("redisSentinel()", arguments, 1);
  OPTIONS.check(options);
  const { name = NAME, replicas = 2, sentinels: count = MIN_SENTINELS } = options;
  const { name: _, replicas: __, sentinels: ___, sentinelPassword, ...ofServer } = options;
  await using owned = new AsyncDisposableStack();
  const servers = await startAll(1 + replicas, () => redisServer(ofServer), owned);
  const [{ host, port }] = servers;
  for (const replica of servers.slice(1)) await replica.command("REPLICAOF", host, String(port));
  const watched = { name, port, password: ofServer.password, quorum: majorityOf(count) };
  const own = { ...ofServer.tls && { tls: ofServer.tls } };
  const ofSentinel = { ...own, ...sentinelPassword && { password: sentinelPassword } };
  const startOne = () => startOnFreePort((port) => sentinelOf(watched, port, ofSentinel));
  const sentinels = await startAll(count, startOne, owned);
  await Promise.all(sentinels.map(shortenIntervals));
  const group = new RedisSentinel(servers, sentinels, { ...options, name }, owned.move());
  try {
    await group.ready();
    return group;
  } catch (error) {
    await group[Symbol.asyncDispose]();
    throw error;
  }
}

async function startAll(
  count: number,
  startOne: () => Promise<RedisServer>,
  owner: AsyncDisposableStack,
): Promise<RedisServer[]> {
  const starts = Array.from({ length: count }, startOne);
  // The value owns the servers that have started, also if another one has not.
  for (const start of await Promise.allSettled(starts)) {
    if (start.status === "fulfilled") owner.use(start.value);
  }
  return await Promise.all(starts);
}

/** A sentinel that restarts has the intervals of production again. */
async function shortenIntervals(sentinel: RedisServer): Promise<void> {
  const words = Object.entries(INTERVALS).flat().map(String);
  await sentinel.command("SENTINEL", "DEBUG", ...words);
}

function majorityOf(count: number): number {
  return Math.floor(count / 2) + 1;
}

/** The master that sentinels watch. */
interface WatchedMaster {
  readonly name: string;
  readonly port: number;
  readonly password: string | undefined;
  /** Sentinels that must agree that it is down. */
  readonly quorum: number;
}

function sentinelOf(
  watched: WatchedMaster,
  port: number,
  options: RedisServerOptions,
): RedisServer {
  class Sentinel extends RedisServer {
    protected override get program(): RedisProgram {
      const configText = (host: string, port: number) =>
        textOf(sentinelDirectives(watched, host, port, options));
      return { args: ["--sentinel"], readyText: "+monitor master", configText };
    }
  }
  return new Sentinel(port, options);
}

function sentinelDirectives(
  { name, port: masterPort, password, quorum }: WatchedMaster,
  host: string,
  port: number,
  options: RedisServerOptions,
): Directives {
  const own = options.password === undefined ? undefined : quoted(options.password);
  return {
    bind: host,
    ...portDirectives(port, options),
    ...own !== undefined && { requirepass: own, "sentinel sentinel-pass": own },
    "sentinel monitor": `${name} ${host} ${masterPort} ${quorum}`,
    "sentinel down-after-milliseconds": `${name} ${DOWN_AFTER_MS}`,
    "sentinel failover-timeout": `${name} ${FAILOVER_TIMEOUT_MS}`,
    ...password !== undefined && { "sentinel auth-pass": `${name} ${quoted(password)}` },
  };
}

/** A running group of servers and sentinels, as {@linkcode redisSentinel} starts it. */
export class RedisSentinel implements AsyncDisposable {
  /** Master and replicas. At first, the master is the first one. */
  readonly servers: readonly RedisServer[];
  /** The sentinels. They are servers too: kill, stop and restart them, and send them commands. */
  readonly sentinels: readonly RedisServer[];
  /** Name by which the sentinels know the master. */
  readonly name: string;
  readonly #options: RedisSentinelOptions;
  readonly #owned: AsyncDisposableStack;

  /** Makes a value that owns servers and sentinels which have started. */
  constructor(
    servers: readonly RedisServer[],
    sentinels: readonly RedisServer[],
    options: RedisSentinelOptions,
    owned: AsyncDisposableStack,
  ) {
    this.servers = servers;
    this.sentinels = sentinels;
    this.name = options.name ?? NAME;
    this.#options = options;
    this.#owned = owned;
  }

  /** `redis+sentinel://127.0.0.1:port,.../name` with all sentinels, and the passwords if there are any. */
  get url(): string {
    const { password, sentinelPassword, tls } = this.#options;
    const scheme = tls === undefined ? "redis" : "rediss";
    const access = password === undefined ? "" : `:${encodeURIComponent(password)}@`;
    const hosts = this.sentinels.map(({ host, port }) => `${host}:${port}`).join(",");
    const query = sentinelPassword === undefined
      ? ""
      : `?sentinelPassword=${encodeURIComponent(sentinelPassword)}`;
    return `${scheme}+sentinel://${access}${hosts}/${this.name}${query}`;
  }

  /** The server that most sentinels name as the master. Throws an `Error` while they name none that runs. */
  async master(): Promise<RedisServer> {
    checkNoMore("master()", arguments, 0);
    const ports = await Promise.all(this.#runningSentinels.map((each) => this.#masterPort(each)));
    const named = this.servers.find(({ port }) =>
      ports.filter((each) => each === port).length >= majorityOf(this.sentinels.length)
    );
    if (named?.isRunning) return named;
    throw new Error(
      `most sentinels of ${this.name} name no master that runs; await ready() after a failure`,
    );
  }

  /** The running servers that are replicas now. */
  async replicas(): Promise<RedisServer[]> {
    checkNoMore("replicas()", arguments, 0);
    const running = this.#running;
    const roles = await Promise.all(running.map(roleOf));
    return running.filter((_, i) => roles[i].name === "slave");
  }

  /**
   * Lets a sentinel replace the master by a replica, and waits as `ready()` does. The former master becomes
   * a replica. Returns the new master.
   *
   * @example
   * ```ts
   * import { redisSentinel } from "@ringbus/ringbus/testing";
   *
   * await using group = await redisSentinel();
   * const master = await group.failover();
   * await master.command("SET", "greeting", "hello");
   * ```
   */
  async failover(): Promise<RedisServer> {
    checkNoMore("failover()", arguments, 0);
    const former = await this.master();
    const [sentinel] = this.#runningSentinels;
    // A sentinel gives up a failover that does not succeed, and refuses another one while one goes on.
    await this.#until("keeps its master", async () => {
      if (await this.#masterPort(sentinel) !== former.port) return undefined;
      await sentinel.command("SENTINEL", "FAILOVER", this.name);
      return "it is still the same";
    });
    await this.ready();
    return await this.master();
  }

  /** Kills a server or a sentinel (SIGKILL), and waits for its end, but not for the failover. */
  async kill(server: RedisServer): Promise<void> {
    await this.#own(server).kill();
  }

  /**
   * Restarts a server or a sentinel, and waits as `ready()` does. The sentinels make a former master a
   * replica of the new one.
   */
  async restart(server: RedisServer): Promise<void> {
    checkNoMore("restart()", arguments, 1);
    await this.#own(server).restart();
    if (this.sentinels.includes(server)) await shortenIntervals(server);
    await this.ready();
  }

  /**
   * Waits until most sentinels name the same running server as the master, all running servers follow it,
   * and the sentinels know them and each other. Throws an `Error` after 60 seconds.
   */
  async ready(): Promise<void> {
    checkNoMore("ready()", arguments, 0);
    await this.#until("is not ready", () => this.#whyNotReady());
  }

  /** Kills all servers and sentinels, and deletes their directories. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned.disposeAsync();
  }

  get #running(): RedisServer[] {
    return this.servers.filter((server) => server.isRunning);
  }

  get #runningSentinels(): RedisServer[] {
    return this.sentinels.filter((sentinel) => sentinel.isRunning);
  }

  #own(server: RedisServer): RedisServer {
    if (this.servers.includes(server) || this.sentinels.includes(server)) return server;
    throw new TypeError(`the server on port ${server.port} is not of the group ${this.name}`);
  }

  async #masterPort(sentinel: RedisServer): Promise<number> {
    const command = ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", this.name];
    const [, port] = await sentinel.command(...command) as RedisReply[];
    return Number(port);
  }

  /** A server that changes its role closes its connections: a command that fails is repeated. */
  async #until(what: string, whyNot: () => Promise<string | undefined>): Promise<void> {
    let why: string | undefined;
    await eventually(
      async () => (why = await whyNot().catch(messageOf)) === undefined,
      DEADLINE_MS,
      () => new Error(`the group ${this.name} ${what} within ${DEADLINE_MS} ms: ${why}`),
    );
  }

  async #whyNotReady(): Promise<string | undefined> {
    const master = await this.master();
    for (const server of this.#running) {
      const { name, masterPort, isConnected } = await roleOf(server);
      const who = `the server on port ${server.port}`;
      if (server === master ? name !== "master" : masterPort !== master.port) {
        return `${who} is a ${name} of port ${masterPort}`;
      }
      if (!isConnected) return `${who} is not connected to its master`;
    }
    for (const sentinel of this.#runningSentinels) {
      const why = await this.#whyUnaware(sentinel, master);
      if (why !== undefined) return `the sentinel on port ${sentinel.port} ${why}`;
    }
    return undefined;
  }

  async #whyUnaware(sentinel: RedisServer, master: RedisServer): Promise<string | undefined> {
    const reply = await sentinel.command("SENTINEL", "MASTER", this.name) as RedisReply[];
    const state = Object.fromEntries(
      Array.from({ length: reply.length / 2 }, (_, i) => [reply[2 * i], reply[2 * i + 1]]),
    );
    if (state["port"] !== String(master.port)) return `names the master on port ${state["port"]}`;
    if (state["flags"] !== "master") return `sees the master as ${state["flags"]}`;
    const others = Number(state["num-other-sentinels"]);
    if (others < this.#runningSentinels.length - 1) return `knows ${others} other sentinels`;
    const replicas = Number(state["num-slaves"]);
    if (replicas < this.#running.length - 1) return `knows ${replicas} replicas`;
    return undefined;
  }
}

/** The role of a server, and of a replica the port of its master. */
async function roleOf(
  server: RedisServer,
): Promise<{ name: string; masterPort: number | undefined; isConnected: boolean }> {
  const [name, , port, linkState] = await server.command("ROLE") as RedisReply[];
  if (name === "master") return { name, masterPort: undefined, isConnected: true };
  return { name: String(name), masterPort: Number(port), isConnected: linkState === "connected" };
}
