/**
 * A Redis server for a test.
 *
 * @module
 */

import { checkNoMore } from "../lib/base/checks.ts";
import { RingbusError } from "../lib/base/errors.ts";
import { OwnedProcess } from "./owned_process.ts";
import { candidatePorts } from "./ports.ts";
import { redisCommand, type RedisReply } from "./redis_command.ts";
import { configText, type RedisServerOptions, SOCKET_NAME, writeTlsFiles } from "./redis_config.ts";
import { eventually } from "./wait.ts";

const HOST = "127.0.0.1";
/** Generous: reached only when something hangs. */
const START_DEADLINE_MS = 60_000;
const STOP_DEADLINE_MS = 30_000;
const LOG_LINES = 20;
/**
 * What `redis-server` runs as.
 *
 * @internal
 */
export interface RedisProgram {
  /** Arguments behind the path of the configuration. */
  readonly args: readonly string[];
  /** What the log has when the program accepts connections. */
  readonly readyText: string;
  /** The text of the configuration. */
  readonly configText: (host: string, port: number, options: RedisServerOptions) => string;
}

const SERVER: RedisProgram = { args: [], readyText: "Ready to accept connections", configText };

/** Command that installs Redis. */
export const INSTALL_REDIS = "apt-get update && apt-get install -y redis-server";

/**
 * Another process listens on the port: the server is started again on another port.
 *
 * @internal
 */
class PortTakenError extends RingbusError {
  /** The class name. */
  override name = "PortTakenError";
  /** Stable code of the class. */
  override readonly code: string = "testing-port-taken";
}

/**
 * Starts a `redis-server` on a free port of the loopback address, and waits until it replies. Without
 * options it persists nothing, and has no password and no memory limit. Disposing the value removes the
 * server and its directory.
 *
 * Throws `NotInstalledError` if `redis-server` is missing, an `Error` with the end of the server's log if
 * it does not start, and `TypeError` for a directive in `config` that the fixture sets itself.
 *
 * @example
 * ```ts
 * import { redisServer } from "@ringbus/ringbus/testing";
 *
 * await using server = await redisServer({ appendOnly: true });
 * await server.command("SET", "greeting", "hello");
 * await server.kill();
 * await server.restart();
 * console.log(await server.command("GET", "greeting")); // hello
 * ```
 */
export async function redisServer(options: RedisServerOptions = {}): Promise<RedisServer> {
  checkNoMore("redisServer()", arguments, 1);
  return await startOnFreePort((port) => new RedisServer(port, options));
}

/** Starts a server on a free port, and waits until it is ready. */
export async function startOnFreePort(
  make: (port: number) => RedisServer,
): Promise<RedisServer> {
  for (const port of candidatePorts()) {
    const server = make(port);
    try {
      await server.restart();
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      if (!(error instanceof PortTakenError)) throw error;
    }
  }
  throw new Error("unreachable");
}

/** A `redis-server` with a directory of its own, as {@linkcode redisServer} starts it. */
export class RedisServer implements AsyncDisposable {
  /** Address on which it listens: the loopback address. */
  readonly host: string = HOST;
  /** Port on which it listens. A restart keeps it. */
  readonly port: number;
  readonly #directory: string;
  readonly #options: RedisServerOptions;
  #process: OwnedProcess | undefined;

  /** Creates the directory. `restart()` starts the server. */
  constructor(port: number, options: RedisServerOptions) {
    checkNoMore("new RedisServer()", arguments, 2);
    this.port = port;
    this.#options = options;
    const text = this.program.configText(HOST, port, options);
    this.#directory = Deno.makeTempDirSync({ prefix: `ringbus-redis-${Deno.pid}-` });
    Deno.writeTextFileSync(`${this.#directory}/redis.conf`, text);
    writeTlsFiles(this.#directory, options);
  }

  /** `redis://127.0.0.1:port`, with the password if there is one; `rediss://` with TLS. */
  get url(): string {
    const { password, tls } = this.#options;
    const access = password === undefined ? "" : `:${encodeURIComponent(password)}@`;
    return `redis${tls === undefined ? "" : "s"}://${access}${this.host}:${this.port}`;
  }

  /** Whether the server runs. */
  get isRunning(): boolean {
    return this.#process?.isRunning ?? false;
  }

  /** Process id of the running server, to send it signals. Throws an `Error` while it is down. */
  get pid(): number {
    if (!this.#process?.isRunning) {
      throw new Error(`no pid: redis-server on port ${this.port} is down; restart() starts it`);
    }
    return this.#process.pid;
  }

  /** The log of the server since its last start. */
  get log(): string {
    return Deno.readTextFileSync(this.#logPath);
  }

  /**
   * What `redis-server` runs as.
   *
   * @internal
   */
  protected get program(): RedisProgram {
    return SERVER;
  }

  get #logPath(): string {
    return `${this.#directory}/redis.log`;
  }

  /**
   * Sends a command over a connection of its own, and returns the reply. Throws an `Error` with the
   * server's text if it rejects the command, and an `Error` if it cannot be reached or does not reply
   * within 30 seconds.
   *
   * @example
   * ```ts
   * import { redisServer } from "@ringbus/ringbus/testing";
   *
   * await using server = await redisServer();
   * await server.command("RPUSH", "list", "a", "b");
   * console.log(await server.command("LRANGE", "list", "0", "-1")); // ["a", "b"]
   * ```
   */
  command(...command: string[]): Promise<RedisReply> {
    const { password, tls } = this.#options;
    const socketPath = tls && `${this.#directory}/${SOCKET_NAME}`;
    return redisCommand({ password, host: this.host, port: this.port, socketPath }, command);
  }

  /**
   * Stops the server (SIGTERM): it persists its data and closes its connections. After 30 seconds it is
   * killed.
   */
  async stop(): Promise<void> {
    await this.#process?.end("SIGTERM", STOP_DEADLINE_MS);
  }

  /** Kills the server (SIGKILL), and waits for its end. */
  async kill(): Promise<void> {
    await this.#process?.end("SIGKILL", STOP_DEADLINE_MS);
  }

  /**
   * Starts the server again on its port, after `stop()` if it runs, and waits until it has loaded its
   * data: everything with `appendOnly`, otherwise nothing. Throws as {@linkcode redisServer} does.
   */
  async restart(): Promise<void> {
    checkNoMore("restart()", arguments, 0, "redisServer() with options");
    await this.stop();
    const logPath = this.#logPath;
    Deno.writeTextFileSync(logPath, "");
    const command = ["redis-server", "redis.conf", ...this.program.args];
    const cwd = this.#directory;
    this.#process = new OwnedProcess({ command, cwd, logPath, install: INSTALL_REDIS });
    try {
      await eventually(
        () => this.#isReady(),
        START_DEADLINE_MS,
        () => this.#startError(`it does not reply within ${START_DEADLINE_MS} ms`),
      );
    } catch (error) {
      await this.kill();
      throw error;
    }
  }

  /** Kills the server in any state, and deletes its directory. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await Deno.remove(this.#directory, { recursive: true });
  }

  /** Reads the server's own log: another server could reply on this port. */
  #isReady(): boolean {
    if (!this.isRunning) throw this.#startError("it ended");
    return this.log.includes(this.program.readyText);
  }

  #startError(why: string): Error {
    const lines = this.log.trimEnd().split("\n").slice(-LOG_LINES).join("\n");
    const message = `cannot start redis-server on ${this.host}:${this.port}: ${why}; its log:\n`;
    const isPortTaken = /bind: Address already in use/.test(this.log);
    return new (isPortTaken ? PortTakenError : Error)(message + lines);
  }
}
