/**
 * The TCP server of the line protocol.
 *
 * @module
 */

import { logger } from "../../../lib/base/log.ts";
import { queueOf, storeOf } from "../../hosting/store_options.ts";
import { secretTest } from "../../hosting/token.ts";
import type { Store } from "../../store/store.ts";
import { Connection, type ConnectionContext } from "./connection.ts";
import { type CheckedOptions, checkOptions, type EmbeddedServerOptions } from "./options.ts";
import { errorReply } from "./replies.ts";
import type { SessionContext } from "./session.ts";
import { type ServerStats, Tally } from "./stats.ts";

/** Milliseconds between two looks for what is idle or has expired. */
const SWEEP_EVERY_MS = 1000;
const SHORTEST_SWEEP_MS = 10;
/** Milliseconds to wait when the system has no connection to give, for lack of file descriptors. */
const ACCEPT_AGAIN_MS = 100;
/** Milliseconds for clients to take their last answers, and then to leave. */
const LAST_ANSWERS_MS = 3000;
const LEAVE_MS = 1000;

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
  readonly #queue: ConnectionContext["subscriber"];
  readonly #tally = new Tally();
  readonly #session: SessionContext;
  readonly #connections = new Set<Connection>();
  readonly #runs = new Set<Promise<void>>();
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
    this.#queue = queueOf(options);
    this.#session = {
      ...this.#options,
      store: this.#store,
      tally: this.#tally,
      isToken: token === undefined ? undefined : secretTest(token),
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
    this.#store.connectionTallies.add(this.#tally);
    this.#sweeper = setInterval(() => this.#sweep(), this.#sweepEveryMs);
    this.#track(this.#acceptAll(listener));
    return this.port;
  }

  get #sweepEveryMs(): number {
    return Math.max(SHORTEST_SWEEP_MS, Math.min(SWEEP_EVERY_MS, this.#options.idleTimeoutMs / 2));
  }

  #track(run: Promise<void>): void {
    const tracked = run.finally(() => this.#runs.delete(tracked));
    this.#runs.add(tracked);
  }

  async #acceptAll(listener: Deno.TcpListener): Promise<void> {
    while (this.#listener === listener) {
      try {
        this.#welcome(await listener.accept());
      } catch (error) {
        if (this.#listener !== listener) return;
        logger.error("cannot accept a connection at {address}: {error}", {
          address: this.address,
          error,
        });
        await new Promise((resolve) => setTimeout(resolve, ACCEPT_AGAIN_MS));
      }
    }
  }

  #welcome(conn: Deno.TcpConn): void {
    if (this.#connections.size >= this.#options.maxConnections) {
      this.#tally.refused++;
      this.#track(refuse(conn, this.#options.maxConnections));
      return;
    }
    this.#tally.accepted++;
    const context = { session: this.#session, subscriber: this.#queue };
    const connection = new Connection(conn, context);
    this.#connections.add(connection);
    this.#tally.connections++;
    this.#track(connection.run().finally(() => this.#forget(connection)));
  }

  #forget(connection: Connection): void {
    this.#connections.delete(connection);
    this.#tally.connections--;
  }

  #sweep(): void {
    this.#store.sweep();
    const limitMs = performance.now() - this.#options.idleTimeoutMs;
    for (const connection of this.#connections) {
      if (connection.idleSinceMs >= limitMs) continue;
      this.#tally.idled++;
      connection.close();
    }
  }

  /** What it holds and has counted. */
  getStats(): ServerStats {
    return {
      uptimeSeconds: this.isRunning ? (performance.now() - this.#startedAtMs) / 1000 : 0,
      ...this.#tally.view(),
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
    this.#store.connectionTallies.delete(this.#tally);
    this.#listener?.close();
    this.#listener = undefined;
    const connections = [...this.#connections];
    await orClose(connections, LAST_ANSWERS_MS, async () => {
      // What one client still stores is pushed to others before they are told of the end.
      await Promise.all(connections.map((connection) => connection.finish()));
      await Promise.all(connections.map((connection) => connection.end()));
    });
    await orClose(connections, LEAVE_MS, () => Promise.all(this.#runs));
  }

  /** The same as `stop()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/** Waits for what depends on clients; closes their connections when it takes too long. */
async function orClose(
  connections: readonly Connection[],
  limitMs: number,
  work: () => Promise<unknown>,
): Promise<void> {
  const late = setTimeout(() => connections.forEach((one) => one.close()), limitMs);
  await work();
  clearTimeout(late);
}

async function refuse(conn: Deno.TcpConn, maxConnections: number): Promise<void> {
  const reason = errorReply(`there are ${maxConnections} connections already`);
  try {
    await conn.write(new TextEncoder().encode(`${reason}\r\n`));
  } catch {
    // It has left.
  } finally {
    conn.close();
  }
}
