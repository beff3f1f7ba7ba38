/**
 * Which server has the keys of a partition. All keys of a partition share one hash tag, so that is
 * all that a queue needs to know of a cluster. Its commands go out on connections that are ours,
 * because `WAIT` counts for the connection that wrote.
 *
 * @module
 */

import type { NodeAddress, RedisAddress } from "./address.ts";
import { Connection, type Reply } from "./connection.ts";
import { Pool } from "./pool.ts";

/** One that does not answer must not hold up the search for one that does. */
const ASKED_AT_ONCE = 2;

/** Limits of connections. */
export interface RouteOptions {
  /** Milliseconds to open a connection, and for each command on it. */
  readonly timeoutMs: number;
  /** Most connections to one server. */
  readonly poolSize: number;
}

/** The way to the partitions. */
export class Routes {
  readonly isCluster: boolean;
  readonly #address: RedisAddress;
  readonly #options: RouteOptions;
  readonly #pools = new Map<string, Pool>();
  /** Keys of the partitions by which a cluster is asked for them. */
  readonly #keys: readonly string[];
  /** Servers of the partitions; empty until they are known. */
  #places: NodeAddress[] = [];
  #looking: Promise<void> | undefined;
  readonly #asking = new Set<Promise<void>>();
  #isHurried = false;

  constructor(address: RedisAddress, keys: readonly string[], options: RouteOptions) {
    this.isCluster = address.isCluster;
    this.#address = address;
    this.#keys = keys;
    this.#options = options;
  }

  /** The server of a partition. */
  async placeOf(partition: number): Promise<NodeAddress> {
    if (this.#places.length === 0) await this.lookAgain();
    return this.#places[partition];
  }

  /**
   * The connections to the server of a partition. Calls that wait for replicas have their own, because
   * they hold up what comes behind them.
   */
  async poolOf(partition: number, isDurable: boolean): Promise<Pool> {
    const address = await this.placeOf(partition);
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
  lookAgain(): Promise<void> {
    return this.#looking ??= this.#look().finally(() => this.#looking = undefined);
  }

  async #look(): Promise<void> {
    this.#places = this.isCluster
      ? await this.#askCluster()
      : this.#keys.map(() => this.#address.nodes[0]);
    const names = new Set(this.#places.map(nameOf));
    for (const [name, pool] of this.#pools) {
      if (names.has(nameOf(pool.address))) continue;
      this.#pools.delete(name);
      await pool.close();
    }
  }

  /** Asks those whom it knows, then those of the URL, two at a time, until one answers. */
  async #askCluster(): Promise<NodeAddress[]> {
    const known = [...this.#pools.values()].map(({ address }) => address);
    const addresses = [...known, ...this.#address.nodes];
    let failure: unknown;
    for (let i = 0; i < addresses.length && !this.#isHurried; i += ASKED_AT_ONCE) {
      const asked = addresses.slice(i, i + ASKED_AT_ONCE);
      try {
        return await Promise.any(asked.map((address) => this.#track(this.#ask(address))));
      } catch (error) {
        failure = (error as AggregateError).errors[0];
      }
    }
    throw failure ?? new Error("the queue is being closed");
  }

  /** The answer that came second is still to be waited for before all is closed. */
  #track(asking: Promise<NodeAddress[]>): Promise<NodeAddress[]> {
    const tracked = asking.then(() => {}, () => {}).finally(() => this.#asking.delete(tracked));
    this.#asking.add(tracked);
    return asking;
  }

  async #ask(address: NodeAddress): Promise<NodeAddress[]> {
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
  hurry(): void {
    this.#isHurried = true;
  }

  /** Ends all connections that are not somebody's own. */
  async close(): Promise<void> {
    await this.#looking?.catch(() => {});
    await Promise.all(this.#asking);
    await Promise.all([...this.#pools.values()].map((pool) => pool.close()));
    this.#pools.clear();
  }
}

/** A name that is null is that of the server which answered. */
function masterOf(ranges: Reply[][], slot: number, asked: NodeAddress): NodeAddress {
  for (const [first, last, master] of ranges) {
    if (slot < Number(first) || slot > Number(last)) continue;
    const [host, port] = master as Reply[];
    return { host: host ? String(host) : asked.host, port: Number(port) };
  }
  throw new Error(`CLUSTERDOWN slot ${slot} has no master at the moment`);
}

function nameOf({ host, port }: NodeAddress): string {
  return `${host} ${port}`;
}
