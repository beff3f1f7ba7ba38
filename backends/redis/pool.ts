/**
 * The connections to one server. Commands share a connection as long as it keeps up, because what
 * travels together costs least; more are opened when many wait.
 *
 * @module
 */

import type { NodeAddress } from "./address.ts";
import type { Connection } from "./connection.ts";

/** Commands in flight on every connection, upon which another one is opened. */
const PIPELINE_LIMIT = 64;

/** Connections to one server, opened as they are needed. */
export class Pool {
  readonly address: NodeAddress;
  readonly #open: () => Promise<Connection>;
  readonly #size: number;
  readonly #connections = new Set<Connection>();
  #opening: Promise<Connection> | undefined;
  #isClosed = false;

  constructor(address: NodeAddress, size: number, open: () => Promise<Connection>) {
    this.address = address;
    this.#size = size;
    this.#open = open;
  }

  /**
   * The connection with the least to do. It is at hand at once if there is one: whoever sends on it
   * before anything else happens is counted when the next one asks.
   */
  take(): Connection | Promise<Connection> {
    const best = this.#leastBusy();
    if (best === undefined) return this.#grow();
    if (best.inFlight >= PIPELINE_LIMIT && this.#connections.size < this.#size) {
      // Nobody waits for it: whoever comes next may use it, and a failure shows there.
      this.#grow().catch(() => {});
    }
    return best;
  }

  #leastBusy(): Connection | undefined {
    let best: Connection | undefined;
    for (const connection of this.#connections) {
      if (connection.isClosed) this.#connections.delete(connection);
      else if (best === undefined || connection.inFlight < best.inFlight) best = connection;
    }
    return best;
  }

  #grow(): Promise<Connection> {
    return this.#opening ??= this.#add().finally(() => this.#opening = undefined);
  }

  async #add(): Promise<Connection> {
    const connection = await this.#open();
    if (this.#isClosed) {
      connection.close();
      throw new Error("the connection was closed while it was opened");
    }
    this.#connections.add(connection);
    return connection;
  }

  /** Asks idle connections for a sign of life; those that fail are given up. */
  checkIdle(): void {
    for (const connection of this.#connections) {
      if (connection.inFlight > 0 || connection.isClosed) continue;
      connection.send(["PING"]).catch(() => connection.close());
    }
  }

  /** Ends all connections, also one that is being opened. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const connection of this.#connections) connection.close();
    this.#connections.clear();
    await this.#opening?.catch(() => {});
  }
}
