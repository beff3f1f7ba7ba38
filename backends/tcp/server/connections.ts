/**
 * The connections of a server: it admits, watches and closes them.
 *
 * @module
 */

import { pluralize } from "../../../lib/base/pluralize.ts";
import { logger } from "../../../lib/base/log.ts";
import { endsWithin } from "../../hosting/stop.ts";
import { Connection, type ConnectionContext } from "./connection.ts";
import { errorReply } from "./replies.ts";

/** Most milliseconds for clients to close their connections when they have taken their last replies. */
const CLIENT_CLOSE_MS = 1000;

/** Limits of the connections. */
export interface ConnectionLimits {
  readonly maxConnections: number;
  readonly idleTimeoutMs: number;
}

/** The open connections of one server. */
export class Connections {
  readonly #context: ConnectionContext;
  readonly #limits: ConnectionLimits;
  readonly #open = new Set<Connection>();
  /** What runs for accepted connections, the rejected ones included. */
  readonly #tasks = new Set<Promise<void>>();
  #isUnref = false;

  constructor(context: ConnectionContext, limits: ConnectionLimits) {
    this.#context = context;
    this.#limits = limits;
  }

  /** Serves a connection, or rejects it if there are too many. */
  admit(conn: Deno.TcpConn): void {
    const { maxConnections } = this.#limits;
    const { connectionStats } = this.#context.session;
    if (this.#open.size >= maxConnections) this.closeIdle();
    if (this.#open.size >= maxConnections) {
      connectionStats.refused++;
      this.#track(reject(conn, maxConnections));
      return;
    }
    connectionStats.accepted++;
    connectionStats.connections++;
    if (this.#isUnref) conn.unref();
    const connection = new Connection(conn, this.#context);
    this.#open.add(connection);
    this.#track(connection.run().finally(() => this.#remove(connection)));
  }

  #remove(connection: Connection): void {
    if (!this.#open.delete(connection)) return;
    this.#context.session.connectionStats.connections--;
  }

  #track(task: Promise<void>): void {
    const tracked = task
      .catch((error) => logger.error("a connection failed: {error}", { error }))
      .finally(() => this.#tasks.delete(tracked));
    this.#tasks.add(tracked);
  }

  /** Lets the program end while there are connections. */
  unref(): void {
    this.#isUnref = true;
    for (const connection of this.#open) connection.unref();
  }

  /** Closes the connections that have been idle for too long. */
  closeIdle(): void {
    const limitMs = performance.now() - this.#limits.idleTimeoutMs;
    for (const connection of this.#open) {
      if (connection.idleSinceMs >= limitMs) continue;
      this.#context.session.connectionStats.idled++;
      connection.close();
      this.#remove(connection);
    }
  }

  /**
   * Executes what has arrived, sends replies and pushes, and ends all connections, at the latest after
   * some milliseconds. Returns the number of pushes that were not sent.
   */
  async shutdown(graceMs: number): Promise<number> {
    const deadlineMs = performance.now() + graceMs;
    const connections = [...this.#open];
    // What is waited for keeps the program alive.
    for (const connection of connections) connection.ref();
    if (await endsWithin(finishAll(connections), graceMs)) {
      const remainingMs = Math.max(0, deadlineMs - performance.now());
      await endsWithin(Promise.all(this.#tasks), Math.min(CLIENT_CLOSE_MS, remainingMs));
    }
    for (const connection of connections) connection.close();
    await Promise.all(this.#tasks);
    return connections.reduce((sum, { unsentPushes }) => sum + unsentPushes, 0);
  }
}

/** What one client still stores is pushed to others before their connections end. */
async function finishAll(connections: readonly Connection[]): Promise<void> {
  await Promise.all(connections.map((connection) => connection.stopReading()));
  await Promise.all(connections.map((connection) => connection.shutdown()));
}

async function reject(conn: Deno.TcpConn, maxConnections: number): Promise<void> {
  const reason = errorReply(`the server has ${pluralize(maxConnections, "connection")} already`);
  try {
    await conn.write(new TextEncoder().encode(`${reason}\r\n`));
  } catch {
    // The client has closed the connection.
  } finally {
    conn.close();
  }
}
