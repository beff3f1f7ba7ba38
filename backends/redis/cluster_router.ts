/**
 * Finds the server that has the keys of a partition, and keeps connections to it. All keys of a
 * partition share one hash tag, so that one server has all of them. The client library's own support
 * for clusters is not used, because `WAIT` counts the writes of one connection.
 *
 * @module
 */

import type { NodeAddress, RedisAddress } from "./address.ts";
import { Connection, type Reply } from "./connection.ts";
import { CallAborted } from "./failures.ts";
import { Pool } from "./pool.ts";

/** Servers that are queried at the same time: one that does not reply must not delay the others. */
const QUERIES_AT_ONCE = 2;

/** Limits of the connections. */
export interface ClusterRouterOptions {
  /** Milliseconds to open a connection, and milliseconds for each command on it. */
  readonly timeoutMs: number;
  /** Most connections to one server. */
  readonly poolSize: number;
}

/** Connections to the servers of all partitions. */
export class ClusterRouter {
  readonly isCluster: boolean;
  readonly #address: RedisAddress;
  readonly #options: ClusterRouterOptions;
  readonly #pools = new Map<string, Pool>();
  /** All open connections, with the names of their addresses. */
  readonly #connections = new Map<Connection, string>();
  /** A key of each partition. */
  readonly #keys: readonly string[];
  /** Server of each partition. Empty until it is known. */
  #masters: NodeAddress[] = [];
  #refreshing: Promise<void> | undefined;
  readonly #queries = new Set<Promise<void>>();
  #isStopping = false;

  constructor(address: RedisAddress, keys: readonly string[], options: ClusterRouterOptions) {
    this.isCluster = address.isCluster;
    this.#address = address;
    this.#keys = keys;
    this.#options = options;
  }

  /** The server of a partition. */
  async nodeOf(partition: number): Promise<NodeAddress> {
    if (this.#masters.length === 0) await this.refresh();
    return this.#masters[partition];
  }

  /**
   * The connections to the server of a partition. Calls that wait for replicas have connections of
   * their own, because the commands behind them wait too.
   */
  async poolOf(partition: number, isDurable: boolean): Promise<Pool> {
    const address = await this.nodeOf(partition);
    const name = isDurable ? `${nameOf(address)} durable` : nameOf(address);
    let pool = this.#pools.get(name);
    if (pool === undefined) {
      pool = new Pool(address, this.#options.poolSize, () => this.connect(address));
      this.#pools.set(name, pool);
    }
    return pool;
  }

  /** Opens a connection that the caller owns. */
  async connect(address: NodeAddress): Promise<Connection> {
    const { login } = this.#address;
    const connection = await Connection.open(address, login, this.#options.timeoutMs);
    this.#connections.set(connection, nameOf(address));
    void connection.closed.then(() => this.#connections.delete(connection));
    return connection;
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
    this.#masters = this.isCluster
      ? await this.#queryCluster()
      : this.#keys.map(() => this.#address.nodes[0]);
    const names = new Set(this.#masters.map(nameOf));
    for (const [name, pool] of this.#pools) {
      if (names.has(nameOf(pool.address))) continue;
      this.#pools.delete(name);
      await pool.retire();
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
  #track(query: Promise<NodeAddress[]>): Promise<NodeAddress[]> {
    const tracked = query.then(() => {}, () => {}).finally(() => this.#queries.delete(tracked));
    this.#queries.add(tracked);
    return query;
  }

  async #queryNode(address: NodeAddress): Promise<NodeAddress[]> {
    const connection = await this.connect(address);
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

  /** Checks idle connections. */
  checkIdle(): void {
    for (const pool of this.#pools.values()) pool.checkIdle();
  }

  /** Ends the search for servers. */
  stopRetrying(): void {
    this.#isStopping = true;
  }

  /** Closes all connections. */
  async close(): Promise<void> {
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
  return `${host} ${port}`;
}
