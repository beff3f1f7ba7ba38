/**
 * The TCP server of the line protocol.
 *
 * @module
 */

import type { Clock } from "../../../lib/base/clock.ts";
import { endingTurn, isTurnDue, takeTurn } from "../../../lib/base/turn.ts";
import { checkNoMore } from "../../../lib/base/checks.ts";
import { logger } from "../../../lib/base/log.ts";
import { Backoff } from "../../../lib/base/retry.ts";
import { sleep } from "../../../lib/base/sleep.ts";
import { ACCEPT_BACKOFF } from "../../hosting/accepting.ts";
import { addressText, listenAt } from "../../hosting/endpoint.ts";
import { graceMsOf, reportDropped, runTask, type StopOptions } from "../../hosting/stop.ts";
import { queueOptionsOf, storeOf } from "../../hosting/store_options.ts";
import { loadedModules } from "../../../lib/base/descriptors.ts";
import { guardMemory } from "../../hosting/memory_guard.ts";
import { secretMatcher } from "../../hosting/token.ts";
import { RespFront } from "../../resp/server/front.ts";
import type { RedisFaults } from "../../resp/engine/faults.ts";
import type { Store } from "../../store/store.ts";
import { CommandTable } from "./command_table.ts";
import { Connections } from "./connections.ts";
import { type CheckedOptions, checkOptions, type EmbeddedServerOptions } from "./options.ts";
import { ConnectionStats, type ServerStats } from "./stats.ts";

/** Milliseconds between two checks for idle connections and expired messages. */
const SWEEP_INTERVAL_MS = 1000;
const MIN_SWEEP_INTERVAL_MS = 10;

/**
 * Serves messages over TCP: a client sends one command a line, and a subscriber gets each message as
 * soon as it is stored.
 *
 * A slow connection does not slow down the others: its pushes wait in a bounded queue of its own.
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
  readonly #stats: ConnectionStats;
  readonly #connections: Connections;
  readonly #resp: RespFront;
  #listener: Deno.TcpListener | undefined;
  #accepting: Promise<void> | undefined;
  #endGuard = () => {};
  #sweeper: ReturnType<typeof setInterval> | undefined;
  #stopping = new AbortController();
  #startedAtMs = 0;
  #isUnref = false;

  /**
   * Prepares a server, and does no input or output.
   *
   * @throws {TypeError} if other machines can reach `host` and there is no `token`, or if there is a
   *   `store` together with options of a store
   * @throws {RangeError} if a limit or the port is out of range
   */
  constructor(options: EmbeddedServerOptions = {}) {
    checkNoMore("new EmbeddedServer()", arguments, 1);
    this.#options = checkOptions(options);
    const { token } = this.#options;
    this.#store = storeOf(options);
    const commands = new CommandTable(options.state);
    this.#stats = new ConnectionStats(commands.commands);
    const session = {
      ...this.#options,
      commands,
      service: options.state,
      store: this.#store,
      connectionStats: this.#stats,
      isToken: token === undefined ? undefined : secretMatcher(token),
      stats: () => this.getStats(),
    };
    this.#resp = new RespFront({
      store: this.#store,
      isPassword: passwordMatcher(token, options.redis?.users),
      users: options.redis?.users,
      version: options.redis?.version,
      scriptTimeoutMs: options.redis?.scriptTimeoutMs,
      queueOptions: queueOptionsOf(options),
      maxBulkBytes: this.#options.maxLineBytes,
      maxPendingBytes: this.#options.maxReplyBytes,
      onReceived: (bytes) => this.#stats.bytesReceived += bytes,
      onSent: (bytes) => this.#stats.bytesSent += bytes,
    });
    this.#stats.others = this.#resp;
    const isRespOnly = options.redis?.isOnly ?? false;
    const context = {
      session,
      resp: this.#resp,
      isRespOnly,
      queueOptions: queueOptionsOf(options),
    };
    this.#connections = new Connections(context, this.#options);
  }

  /** The store that it serves. */
  get store(): Store {
    return this.#store;
  }

  /** The clock of its store: that of the machine, or the one in the options. */
  get clock(): Clock {
    return this.#store.clock;
  }

  /** Faults for Redis clients, which a test asks for. */
  get faults(): RedisFaults {
    return this.#resp.service.faults;
  }

  /**
   * What is beside connections.
   * @internal
   */
  get resp(): RespFront {
    return this.#resp;
  }

  /** The port of the server. Before `start()`, the port of the options. */
  get port(): number {
    return this.#listener?.addr.port ?? this.#options.port;
  }

  /** Host and port of the server, such as `"127.0.0.1:31134"`. */
  get address(): string {
    return addressText(this.#options.host, this.port);
  }

  /** True while it listens. */
  get isRunning(): boolean {
    return this.#listener !== undefined;
  }

  /**
   * Starts to listen, and returns the port. Does nothing if it listens already.
   *
   * @throws {Deno.errors.AddrInUse} if another process listens on the port
   */
  // deno-lint-ignore require-await
  async start(): Promise<number> {
    checkNoMore("start()", arguments, 0, "new EmbeddedServer() with options");
    if (this.#listener !== undefined) return this.port;
    const { host: hostname, port } = this.#options;
    const listener = listenAt(hostname, port, () => Deno.listen({ hostname, port }));
    this.#listener = listener;
    this.#stopping = new AbortController();
    this.#startedAtMs = performance.now();
    this.#store.connectionStats.add(this.#stats);
    this.#resp.start();
    this.#endGuard = guardMemory(this.#store);
    this.#sweeper = setInterval(() => this.#sweep(), this.#sweepIntervalMs);
    this.#accepting = this.#acceptAll(listener);
    if (this.#isUnref) this.unref();
    return this.port;
  }

  /**
   * Lets the program end while the server listens, unless something else keeps the program alive. A
   * server that a backend has started does so by itself.
   */
  unref(): void {
    this.#isUnref = true;
    this.#listener?.unref();
    if (this.#sweeper !== undefined) Deno.unrefTimer(this.#sweeper);
    this.#connections.unref();
  }

  get #sweepIntervalMs(): number {
    return Math.max(
      MIN_SWEEP_INTERVAL_MS,
      Math.min(SWEEP_INTERVAL_MS, this.#options.idleTimeoutMs / 2),
    );
  }

  async #acceptAll(listener: Deno.TcpListener): Promise<void> {
    const backoff = new Backoff(ACCEPT_BACKOFF);
    while (this.#listener === listener) {
      try {
        this.#connections.admit(await listener.accept());
        const modules = loadedModules();
        if (modules !== undefined) await modules;
        backoff.reset();
        if (isTurnDue()) await takeTurn();
      } catch (error) {
        if (this.#listener !== listener) return;
        logger.error("cannot accept a connection at {address}: {error}", {
          address: this.address,
          error,
        });
        await sleep(backoff.next(), this.#stopping.signal);
      }
    }
  }

  #sweep(): void {
    runTask("removing what has expired", () => this.#store.sweep());
    runTask("closing idle connections", () => this.#connections.closeIdle());
  }

  /** What the server holds, and what it has counted. */
  getStats(): ServerStats {
    return {
      uptimeSeconds: this.isRunning ? (performance.now() - this.#startedAtMs) / 1000 : 0,
      redisClients: this.#resp.service.clients.size,
      unknownRedisCommands: Object.fromEntries(this.#resp.service.stats.unknown),
      ...this.#stats.snapshot(),
      ...this.#store.stats(),
    };
  }

  /** Deletes all messages and keys of its store. Subscriptions stay. */
  cleanup(): void {
    this.#store.clear();
  }

  /**
   * Stops listening, executes the commands that have arrived, sends replies and pushes, and ends all
   * connections: within `graceMs`, whatever clients do. The store stays, and the server may be started
   * again.
   *
   * @throws {RangeError} if `graceMs` is out of range
   */
  async stop(options?: StopOptions): Promise<void> {
    checkNoMore("stop()", arguments, 1);
    const graceMs = graceMsOf(options);
    this.#stopping.abort();
    clearInterval(this.#sweeper);
    this.#endGuard();
    this.#store.connectionStats.delete(this.#stats);
    // What is waited for keeps the program alive.
    this.#listener?.ref();
    this.#listener?.close();
    this.#listener = undefined;
    const dropped = await this.#connections.shutdown(graceMs);
    await this.#accepting;
    await endingTurn(this.#resp.stop());
    reportDropped(this.#store, dropped);
  }

  /** The same as `stop()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/** The passwords of the users of RESP; a token is that of the default user. */
function passwordMatcher(
  token: string | undefined,
  users: Readonly<Record<string, string>> = {},
): ((user: string, password: string) => boolean) | undefined {
  const passwords = { ...(token === undefined ? {} : { default: token }), ...users };
  const matchers = new Map(
    Object.entries(passwords).map(([user, password]) => [user, secretMatcher(password)]),
  );
  if (matchers.size === 0) return undefined;
  return (user, password) => matchers.get(user)?.(password) ?? false;
}
