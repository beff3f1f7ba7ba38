/**
 * The TCP server of the line protocol.
 *
 * @module
 */

import { withTimer } from "../../../lib/base/timer.ts";
import { sleep } from "../../../lib/base/sleep.ts";
import { logger } from "../../../lib/base/log.ts";
import { queueOptionsOf, storeOf } from "../../hosting/store_options.ts";
import { secretMatcher } from "../../hosting/token.ts";
import type { Store } from "../../store/store.ts";
import { CommandTable } from "./command_table.ts";
import { Connection, type ConnectionContext } from "./connection.ts";
import { type CheckedOptions, checkOptions, type EmbeddedServerOptions } from "./options.ts";
import { errorReply } from "./replies.ts";
import type { SessionContext } from "./session.ts";
import { ConnectionStats, type ServerStats } from "./stats.ts";

/** Milliseconds between two looks for what is idle or has expired. */
const SWEEP_INTERVAL_MS = 1000;
const MIN_SWEEP_INTERVAL_MS = 10;
/** Milliseconds to wait when the system has no connection to give, for lack of file descriptors. */
const ACCEPT_RETRY_MS = 100;
/** Milliseconds for clients to take their last answers, and then to leave. */
const GRACEFUL_SHUTDOWN_MS = 3000;
const CLIENT_CLOSE_MS = 1000;

/**
 * Serves messages over TCP: clients send one command a line, and subscribers get each message pushed as
 * soon as it is stored.
 *
 * A connection that takes its pushes slowly costs the others nothing: its pushes wait in a queue of its
 * own, which is bounded.
 *
 * @example
 * ```ts
 * import { EmbeddedMessagingBackend, EmbeddedServer } from "@ringbus/ringbus/tcp";
 *
 * await using server = new EmbeddedServer({ port: 0 });
 * const port = await server.start();
 * await using backend = new EmbeddedMessagingBackend({ port, autoStartServer: false });
 * await backend.testConnection();
 * console.log(server.getStats().connections); // 1
 * ```
 */
export class EmbeddedServer {
  readonly #options: CheckedOptions;
  readonly #store: Store;
  readonly #queueOptions: ConnectionContext["queueOptions"];
  readonly #connectionStats: ConnectionStats;
  readonly #session: SessionContext;
  readonly #connections = new Set<Connection>();
  readonly #tasks = new Set<Promise<void>>();
  #listener: Deno.TcpListener | undefined;
  #sweeper: ReturnType<typeof setInterval> | undefined;
  #startedAtMs = 0;

  /**
   * Prepares a server, and does no input or output.
   *
   * @throws {TypeError} if `host` is not of this machine alone and there is no `token`, or a `store` comes
   *   with options of stores
   * @throws {RangeError} if a limit or the port cannot be
   */
  constructor(options: EmbeddedServerOptions = {}) {
    this.#options = checkOptions(options);
    const { token } = this.#options;
    this.#store = storeOf(options);
    this.#queueOptions = queueOptionsOf(options);
    const commands = new CommandTable(options.state);
    this.#connectionStats = new ConnectionStats(commands.commands);
    this.#session = {
      ...this.#options,
      commands,
      service: options.state,
      store: this.#store,
      connectionStats: this.#connectionStats,
      isToken: token === undefined ? undefined : secretMatcher(token),
      stats: () => this.getStats(),
    };
  }

  /** The store that it serves. */
  get store(): Store {
    return this.#store;
  }

  /** The port it listens on, or will. */
  get port(): number {
    return this.#listener?.addr.port ?? this.#options.port;
  }

  /** Where it listens, or will, such as `"127.0.0.1:31134"`. */
  get address(): string {
    return `${this.#options.host}:${this.port}`;
  }

  /** True while it listens. */
  get isRunning(): boolean {
    return this.#listener !== undefined;
  }

  /**
   * Begins to listen, unless it does already; the port.
   *
   * @throws {Deno.errors.AddrInUse} if somebody else listens there
   */
  // deno-lint-ignore require-await
  async start(): Promise<number> {
    if (this.#listener !== undefined) return this.port;
    const { host: hostname, port } = this.#options;
    const listener = Deno.listen({ hostname, port });
    this.#listener = listener;
    this.#startedAtMs = performance.now();
    this.#store.connectionStats.add(this.#connectionStats);
    this.#sweeper = setInterval(() => this.#sweep(), this.#sweepIntervalMs);
    this.#track(this.#acceptAll(listener));
    return this.port;
  }

  get #sweepIntervalMs(): number {
    return Math.max(
      MIN_SWEEP_INTERVAL_MS,
      Math.min(SWEEP_INTERVAL_MS, this.#options.idleTimeoutMs / 2),
    );
  }

  #track(task: Promise<void>): void {
    const tracked = task.finally(() => this.#tasks.delete(tracked));
    this.#tasks.add(tracked);
  }

  async #acceptAll(listener: Deno.TcpListener): Promise<void> {
    while (this.#listener === listener) {
      try {
        this.#admit(await listener.accept());
      } catch (error) {
        if (this.#listener !== listener) return;
        logger.error("cannot accept a connection at {address}: {error}", {
          address: this.address,
          error,
        });
        await sleep(ACCEPT_RETRY_MS);
      }
    }
  }

  #admit(conn: Deno.TcpConn): void {
    if (this.#connections.size >= this.#options.maxConnections) {
      this.#connectionStats.refused++;
      this.#track(rejectConnection(conn, this.#options.maxConnections));
      return;
    }
    this.#connectionStats.accepted++;
    const context = { session: this.#session, queueOptions: this.#queueOptions };
    const connection = new Connection(conn, context);
    this.#connections.add(connection);
    this.#connectionStats.connections++;
    this.#track(connection.run().finally(() => this.#removeConnection(connection)));
  }

  #removeConnection(connection: Connection): void {
    this.#connections.delete(connection);
    this.#connectionStats.connections--;
  }

  #sweep(): void {
    this.#store.sweep();
    const limitMs = performance.now() - this.#options.idleTimeoutMs;
    for (const connection of this.#connections) {
      if (connection.idleSinceMs >= limitMs) continue;
      this.#connectionStats.idled++;
      connection.close();
    }
  }

  /** What it holds and has counted. */
  getStats(): ServerStats {
    return {
      uptimeSeconds: this.isRunning ? (performance.now() - this.#startedAtMs) / 1000 : 0,
      ...this.#connectionStats.snapshot(),
      ...this.#store.stats(),
    };
  }

  /** Deletes all messages and keys of its store. Subscriptions stay. */
  cleanup(): void {
    this.#store.clear();
  }

  /**
   * Stops listening, carries out and answers what came, hands out what waits to be pushed, and ends all
   * connections. The store stays: the server may be started again.
   */
  async stop(): Promise<void> {
    clearInterval(this.#sweeper);
    this.#store.connectionStats.delete(this.#connectionStats);
    this.#listener?.close();
    this.#listener = undefined;
    const connections = [...this.#connections];
    await closeAfter(connections, GRACEFUL_SHUTDOWN_MS, async () => {
      // What one client still stores is pushed to others before they are told of the end.
      await Promise.all(connections.map((connection) => connection.stopReading()));
      await Promise.all(connections.map((connection) => connection.shutdown()));
    });
    await closeAfter(connections, CLIENT_CLOSE_MS, () => Promise.all(this.#tasks));
  }

  /** The same as `stop()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/** Waits for what depends on clients; closes their connections when it takes too long. */
async function closeAfter(
  connections: readonly Connection[],
  limitMs: number,
  work: () => Promise<unknown>,
): Promise<void> {
  await withTimer(work(), limitMs, () => connections.forEach((one) => one.close()));
}

async function rejectConnection(conn: Deno.TcpConn, maxConnections: number): Promise<void> {
  const reason = errorReply(`there are ${maxConnections} connections already`);
  try {
    await conn.write(new TextEncoder().encode(`${reason}\r\n`));
  } catch {
    // It has left.
  } finally {
    conn.close();
  }
}
