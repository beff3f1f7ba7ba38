/**
 * Which server has the keys of a partition. All keys of a partition share one hash tag, so that is
 * all that a queue needs to know of a cluster. Its commands go out on connections that are ours,
 * because `WAIT` counts for the connection that wrote.
 *
 * @module
 */

import type { NodeAddress, RedisAddress } from "./address.ts";
import { Connection, type Reply } from "./connection.ts";
import { CallAborted } from "./failures.ts";
import { Pool } from "./pool.ts";

/** One that does not answer must not hold up the search for one that does. */
const QUERIES_AT_ONCE = 2;

/** Limits of connections. */
export interface ClusterRouterOptions {
  /** Milliseconds to open a connection, and for each command on it. */
  readonly timeoutMs: number;
  /** Most connections to one server. */
  readonly poolSize: number;
}

/** The way to the partitions. */
export class ClusterRouter {
  readonly isCluster: boolean;
  readonly #address: RedisAddress;
  readonly #options: ClusterRouterOptions;
  readonly #pools = new Map<string, Pool>();
  /** Keys of the partitions by which a cluster is asked for them. */
  readonly #keys: readonly string[];
  /** Servers of the partitions; empty until they are known. */
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
   * The connections to the server of a partition. Calls that wait for replicas have their own, because
   * they hold up what comes behind them.
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

  /** A connection of one's own. */
  connect(address: NodeAddress): Promise<Connection> {
    return Connection.open(address, this.#address.login, this.#options.timeoutMs);
  }

  /** Finds out where the partitions are now; calls at the same time share one look. */
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
      await pool.close();
    }
  }

  /** Asks those whom it knows, then those of the URL, two at a time, until one answers. */
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

  /** The answer that came second is still to be waited for before all is closed. */
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

  /** Looks after connections that idle. */
  checkIdle(): void {
    for (const pool of this.#pools.values()) pool.checkIdle();
  }

  /** Asks nobody else for the way. */
  stopRetrying(): void {
    this.#isStopping = true;
  }

  /** Ends all connections that are not somebody's own. */
  async close(): Promise<void> {
    await this.#refreshing?.catch(() => {});
    await Promise.all(this.#queries);
    await Promise.all([...this.#pools.values()].map((pool) => pool.close()));
    this.#pools.clear();
  }
}

/** A name that is null is that of the server which answered. */
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
