/**
 * Finds the server that has the keys of a partition, by asking a cluster or sentinels if it may change, and
 * keeps connections to it. All keys of a partition share one hash tag, so that one server has all of them.
 * The client library's own support for clusters is not used, because `WAIT` counts the writes of one
 * connection.
 *
 * @module
 */

import type { EventLog } from "../../lib/base/log.ts";
import type { Login, NodeAddress, RedisAddress } from "./address.ts";
import { Connection, type Reply } from "./connection.ts";
import { CallAborted } from "./failures.ts";
import { Outages } from "./outages.ts";
import { Pool } from "./pool.ts";
import { SentinelWatch } from "./sentinel_watch.ts";
import { ask, checkIsMaster, latestView } from "./sentinels.ts";

/** Servers that are queried at the same time: one that does not reply must not delay the others. */
const QUERIES_AT_ONCE = 2;

/** Limits of the connections. */
export interface ClusterRouterOptions {
  /** Milliseconds to open a connection, and milliseconds for each command on it. */
  readonly timeoutMs: number;
  /** Most connections to one server. */
  readonly poolSize: number;
  /** Is told of servers that cannot be reached. */
  readonly logger: EventLog;
}

/** Connections to the servers of all partitions. */
export class ClusterRouter {
  readonly isCluster: boolean;
  /** Whether other servers know which server has the keys, so that it may change. */
  readonly isDiscovered: boolean;
  readonly #address: RedisAddress;
  readonly #options: ClusterRouterOptions;
  readonly #pools = new Map<string, Pool>();
  /** All open connections, with the names of their addresses. */
  readonly #connections = new Map<Connection, string>();
  /** A key of each partition. */
  readonly #keys: readonly string[];
  /** Server of each partition. Empty until it is known. */
  #masters: NodeAddress[] = [];
  /** A connection was lost: sentinels may name another master by now. */
  #isOutdated = false;
  readonly #outages: Outages;
  #opening = new AbortController();
  #watch: SentinelWatch | undefined;
  #refreshing: Promise<void> | undefined;
  readonly #queries = new Set<Promise<void>>();
  #isStopping = false;

  constructor(address: RedisAddress, keys: readonly string[], options: ClusterRouterOptions) {
    this.isCluster = address.isCluster;
    this.isDiscovered = address.kind !== "server";
    this.#outages = new Outages(options.logger, address.redactedUrl);
    this.#address = address;
    this.#keys = keys;
    this.#options = options;
  }

  /** The server of a partition. */
  async nodeOf(partition: number): Promise<NodeAddress> {
    if (!this.#isKnown) await this.refresh();
    return this.#masters[partition];
  }

  get #isKnown(): boolean {
    return this.#masters.length > 0 && !this.#isOutdated;
  }

  /**
   * The connections to the server of a partition, not a promise if that is known. Calls that wait for replicas have
   * connections of their own, because the commands behind them wait too.
   */
  poolOf(partition: number, isDurable: boolean): Pool | Promise<Pool> {
    if (this.#isKnown) return this.#poolAt(this.#masters[partition], isDurable);
    return this.nodeOf(partition).then((address) => this.#poolAt(address, isDurable));
  }

  #poolAt(address: NodeAddress, isDurable: boolean): Pool {
    const name = isDurable ? `${nameOf(address)} durable` : nameOf(address);
    let pool = this.#pools.get(name);
    if (pool === undefined) {
      pool = new Pool(address, this.#options.poolSize, () => this.connect(address));
      this.#pools.set(name, pool);
    }
    return pool;
  }

  /** Opens a connection to the server of a partition, which the caller owns. */
  async connect(address: NodeAddress): Promise<Connection> {
    const connection = await this.#connect(address, this.#address.login);
    if (this.#address.kind !== "sentinel") return connection;
    try {
      await checkIsMaster(connection);
    } catch (error) {
      connection.close();
      throw error;
    }
    void connection.closed.then(() => this.#isOutdated = true);
    return connection;
  }

  async #connect(address: NodeAddress, login: Login): Promise<Connection> {
    const { signal } = this.#opening;
    const { timeoutMs } = this.#options;
    try {
      const connection = await Connection.open(address, login, timeoutMs, signal);
      this.#connections.set(connection, nameOf(address));
      void connection.closed.then(() => this.#connections.delete(connection));
      this.#outages.succeeded(nameOf(address));
      return connection;
    } catch (error) {
      this.reportFailure(address, error);
      throw error;
    }
  }

  /** Tells the log of a failure, if it means that the server cannot be reached. */
  reportFailure(address: NodeAddress, error: unknown): void {
    this.#outages.failed(nameOf(address), error);
  }

  /**
   * Lets the next calls connect again, because the address may lead to another server now. A connection
   * stays open for the calls that use it: each of them learns from the server what has become of it.
   */
  disconnect(address: NodeAddress): void {
    const wanted = nameOf(address);
    for (const [connection, name] of this.#connections) if (name === wanted) connection.retire();
  }

  /** Finds the servers of the partitions. Calls at the same time share one query. */
  refresh(): Promise<void> {
    return this.#refreshing ??= this.#discoverMasters().finally(() => this.#refreshing = undefined);
  }

  async #discoverMasters(): Promise<void> {
    if (this.#address.kind === "sentinel") this.#watch ??= this.#watchSentinels();
    this.#isOutdated = false;
    this.#masters = await this.#findMasters();
    const names = new Set(this.#masters.map(nameOf));
    for (const [name, pool] of this.#pools) {
      if (names.has(nameOf(pool.address))) continue;
      this.#pools.delete(name);
      await pool.retire();
    }
  }

  async #findMasters(): Promise<NodeAddress[]> {
    const { kind, nodes } = this.#address;
    if (kind === "cluster") return await this.#queryCluster();
    const master = kind === "sentinel" ? await this.#querySentinels() : nodes[0];
    return this.#keys.map(() => master);
  }

  #watchSentinels(): SentinelWatch {
    const { nodes: sentinels, serviceName, sentinelLogin } = this.#address;
    const connect = (sentinel: NodeAddress) => this.#connect(sentinel, sentinelLogin);
    const onSwitch = () => void this.#refreshAgain().catch(() => this.#isOutdated = true);
    return new SentinelWatch({ sentinels, serviceName, connect, onSwitch });
  }

  /** Asks the sentinels after a switch: a query that has begun before may not know of it. */
  async #refreshAgain(): Promise<void> {
    await this.#refreshing?.catch(() => {});
    if (this.#watch !== undefined && !this.#isStopping) await this.refresh();
  }

  /** Without a sentinel there is no failover: the master that is known is still tried. */
  async #querySentinels(): Promise<NodeAddress> {
    const { nodes, serviceName, sentinelLogin } = this.#address;
    const queries = nodes.map((node) =>
      this.#track(ask(this.#connect(node, sentinelLogin), serviceName))
    );
    try {
      return (await latestView(queries)).address;
    } catch (error) {
      if (this.#masters.length === 0 || this.#isStopping) throw error;
      return this.#masters[0];
    }
  }

  /** Queries the known servers, then those of the URL, until one replies. */
  async #queryCluster(): Promise<NodeAddress[]> {
    const known = [...this.#pools.values()].map(({ address }) => address);
    const addresses = [...known, ...this.#address.nodes];
    let failure: unknown;
    for (let i = 0; i < addresses.length && !this.#isStopping; i += QUERIES_AT_ONCE) {
      const batch = addresses.slice(i, i + QUERIES_AT_ONCE);
      try {
        return await Promise.any(batch.map((address) => this.#track(this.#queryNode(address))));
      } catch (error) {
        failure = (error as AggregateError).errors[0];
      }
    }
    throw failure ?? new CallAborted();
  }

  /** Remembers a query until it ends: `close` waits for those that were not the first to reply. */
  #track<View>(query: Promise<View>): Promise<View> {
    const tracked = query.then(() => {}, () => {}).finally(() => this.#queries.delete(tracked));
    this.#queries.add(tracked);
    return query;
  }

  async #queryNode(address: NodeAddress): Promise<NodeAddress[]> {
    const connection = await this.#connect(address, this.#address.login);
    try {
      const [ranges, ...slots] = await Promise.all([
        connection.send(["CLUSTER", "SLOTS"]),
        ...this.#keys.map((key) => connection.send(["CLUSTER", "KEYSLOT", key])),
      ]);
      return slots.map((slot) => masterOf(ranges as Reply[][], slot as number, address));
    } finally {
      connection.close();
    }
  }

  /** Checks idle connections, and whether sentinels name another master: a former one may still reply. */
  checkIdle(): void {
    if (this.#address.kind === "sentinel") void this.refresh().catch(() => {});
    for (const pool of this.#pools.values()) pool.checkIdle();
  }

  /** Ends the search for servers. */
  stopRetrying(): void {
    this.#isStopping = true;
  }

  /** Closes all connections, and those that are being opened. */
  async close(): Promise<void> {
    this.#opening.abort();
    this.#opening = new AbortController();
    await this.#watch?.close();
    this.#watch = undefined;
    await this.#refreshing?.catch(() => {});
    await Promise.all(this.#queries);
    await Promise.all([...this.#pools.values()].map((pool) => pool.retire()));
    this.#pools.clear();
    // An attempt that its deadline has ended may still use a connection.
    for (const connection of this.#connections.keys()) connection.close();
  }
}

/** The server that has a slot. A null name stands for the server that replied. */
function masterOf(ranges: Reply[][], slot: number, queried: NodeAddress): NodeAddress {
  for (const [first, last, master] of ranges) {
    if (slot < Number(first) || slot > Number(last)) continue;
    const [host, port] = master as Reply[];
    return { host: host ? String(host) : queried.host, port: Number(port) };
  }
  throw new Error(`CLUSTERDOWN slot ${slot} has no master at the moment`);
}

function nameOf({ host, port }: NodeAddress): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
