/**
 * The connections to one server. Commands share a connection while it keeps up, because commands that
 * travel together cost least. The pool opens another one when many commands wait.
 *
 * @module
 */

import type { NodeAddress } from "./address.ts";
import type { Connection } from "./connection.ts";
import { AttemptInterrupted } from "./failures.ts";

/** The pool opens another connection when every connection has this many commands in flight. */
const PIPELINE_LIMIT = 64;

/** Connections to one server, opened when they are needed. */
export class Pool {
  readonly address: NodeAddress;
  readonly #open: () => Promise<Connection>;
  readonly #size: number;
  readonly #connections = new Set<Connection>();
  #opening: Promise<Connection> | undefined;
  #isRetired = false;

  constructor(address: NodeAddress, size: number, open: () => Promise<Connection>) {
    this.address = address;
    this.#size = size;
    this.#open = open;
  }

  /**
   * The connection with the fewest commands in flight. Not a promise if there is one: a caller that
   * sends at once is counted before the next caller chooses.
   */
  take(): Connection | Promise<Connection> {
    const best = this.#leastBusy();
    if (best === undefined) return this.#grow();
    if (best.inFlight >= PIPELINE_LIMIT && this.#connections.size < this.#size) {
      // A later call uses the new connection. If it cannot be opened, a later call fails.
      this.#grow().catch(() => {});
    }
    return best;
  }

  #leastBusy(): Connection | undefined {
    let best: Connection | undefined;
    for (const connection of this.#connections) {
      if (connection.isRetired) this.#connections.delete(connection);
      else if (best === undefined || connection.inFlight < best.inFlight) best = connection;
    }
    return best;
  }

  #grow(): Promise<Connection> {
    return this.#opening ??= this.#add().finally(() => this.#opening = undefined);
  }

  async #add(): Promise<Connection> {
    const connection = await this.#open();
    if (this.#isRetired) {
      connection.close();
      throw new AttemptInterrupted();
    }
    this.#connections.add(connection);
    return connection;
  }

  /** Sends PING on idle connections, and closes those that do not reply. */
  checkIdle(): void {
    for (const connection of this.#connections) {
      if (connection.inFlight > 0 || connection.isRetired) continue;
      connection.send(["PING"]).catch(() => connection.close());
    }
  }

  /** Closes the connections when their calls have ended, and the one that is being opened. */
  async retire(): Promise<void> {
    this.#isRetired = true;
    for (const connection of this.#connections) connection.retire();
    this.#connections.clear();
    await this.#opening?.catch(() => {});
  }
}
