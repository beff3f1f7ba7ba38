/**
 * Connects a client to the server of shared state. It starts the server if there is none, and both prove
 * that they know the key.
 *
 * @module
 */

import { DEFAULT_MAX_CLIENT_REPLY_BYTES } from "../../store/limits.ts";
import { RingbusError } from "../../../lib/base/errors.ts";
import { MessagingConnectionError, MessagingRefusedError } from "../../messaging/errors.ts";
import { addressText, isLoopback, loopbackHosts } from "../../hosting/endpoint.ts";
import type { ServerProgram } from "../../hosting/mode.ts";
import { type DetachedServer, startDetached } from "../../hosting/process.ts";
import { bytesArgument, splitArguments } from "../../tcp/protocol/arguments.ts";
import { ClientConnection } from "../../tcp/client/connection.ts";
import type { StateLimits } from "../config.ts";
import { SharedBackendConnectionError } from "../errors.ts";
import { isProof, makeNonce, proofOf } from "./handshake.ts";
import type { ManagerServerOptions } from "./server.ts";
import { messageOf } from "../../../lib/base/thrown.ts";

/** Milliseconds for the server to reply before the connection counts as lost. */
const RESPONSE_TIMEOUT_MS = 15_000;

const PROGRAM: ServerProgram = {
  program: new URL("./program.ts", import.meta.url),
  permissions: ["--allow-net", "--allow-env=RINGBUS_DEBUG"],
};

const COMPILED_REMEDY = `use backendType "shm", or run an EmbeddedServer with a StateHost`;

/** What a client must know to connect. */
export interface ManagerAddress {
  readonly host: string;
  readonly port: number;
  readonly authkey: Uint8Array;
  readonly limits: StateLimits;
}

/** Servers that this process has started and that have not ended. */
const started = new Map<string, DetachedServer>();

/** Waits for the end of the server at an endpoint, if this process has started it. */
export async function waitForStarted(endpoint: string): Promise<void> {
  await started.get(endpoint)?.wait();
}

/** A connection failed in a way that may pass: a later attempt may succeed. */
export class TransientError extends RingbusError {
  /** The class name. */
  override name = "TransientError";
  /** Stable code of the class. */
  override readonly code: string = "state-transient";
}

/** Opens the connections of one client. */
export class Dialer {
  readonly #address: ManagerAddress;
  /** Where the server was found. */
  #host: string;
  readonly #clientId = crypto.randomUUID();
  /** Id of the state that the client uses. Undefined before the first connection. */
  #instance: string | undefined;

  constructor(address: ManagerAddress) {
    this.#address = address;
    [this.#host] = loopbackHosts(address.host);
  }

  /** Host and port of the server. */
  get endpoint(): string {
    return addressText(this.#host, this.#address.port);
  }

  /** True if the client has used a state: it must not continue with another one. */
  get isBound(): boolean {
    return this.#instance !== undefined;
  }

  /** True if the client may start a server. */
  get mayStart(): boolean {
    return !this.isBound && isLoopback(this.#host);
  }

  /**
   * Connects once.
   *
   * @throws {TransientError} if another attempt may succeed
   * @throws {SharedBackendConnectionError} if no other attempt can succeed
   */
  async open(onLost: (connection: ClientConnection) => void): Promise<ClientConnection> {
    const connection = await this.#connect(onLost);
    try {
      await this.#attach(connection);
      return connection;
    } catch (error) {
      await connection.close(new Error("the handshake failed"));
      throw error instanceof MessagingConnectionError ? new TransientError(error.message) : error;
    }
  }

  async #connect(onLost: (connection: ClientConnection) => void): Promise<ClientConnection> {
    try {
      return await this.#dial(this.#host, onLost);
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionRefused)) {
        throw new TransientError(messageOf(error));
      }
      if (!this.mayStart) throw this.#unreachableError(error);
      if (!await this.#findElsewhere()) await this.#start();
      throw new TransientError(error.message);
    }
  }

  #dial(
    host: string,
    onLost: (connection: ClientConnection) => void,
  ): Promise<ClientConnection> {
    const { port } = this.#address;
    const { signal } = new AbortController();
    const timeoutMs = RESPONSE_TIMEOUT_MS;
    const limits = { timeoutMs, maxReplyBytes: DEFAULT_MAX_CLIENT_REPLY_BYTES };
    return ClientConnection.open({ host, port, ...limits, signal, onLost });
  }

  /** Looks for a server at the other loopback address; true if there is one. */
  async #findElsewhere(): Promise<boolean> {
    const [, ...others] = loopbackHosts(this.#host);
    for (const host of others) {
      try {
        const connection = await this.#dial(host, () => {});
        const greeting = this.#request(connection, "STATE_HELLO", "NONCE", 2);
        await greeting.finally(() => connection.close(new Error("found")));
        this.#host = host;
        return true;
      } catch {
        // There is no server, or it is another one.
      }
    }
    return false;
  }

  #unreachableError(cause: Error): SharedBackendConnectionError {
    const advice = this.isBound
      ? "the server has ended, and the state is lost: make a new backend"
      : "no process listens there, and only on 127.0.0.1 a client starts the server: run an " +
        "EmbeddedServer with a StateHost there";
    return this.#connectionError(`${cause.message}; ${advice}`, cause);
  }

  #connectionError(reason: string, cause?: unknown): SharedBackendConnectionError {
    return new SharedBackendConnectionError(
      `cannot use shared state on the manager at ${this.endpoint}: ${reason}`,
      { cause },
    );
  }

  /** The error that the caller sees after the last attempt. */
  explain(error: unknown): Error {
    if (!(error instanceof TransientError)) return error as Error;
    return this.#connectionError(
      `${error.message}; check that the server runs and can be reached`,
      error,
    );
  }

  async #start(): Promise<void> {
    const { port, authkey, limits: { ttlMs, ...limits } } = this.#address;
    const options: ManagerServerOptions = {
      host: this.#host,
      port,
      authkey: authkey.toBase64(),
      limits: { ...limits, ttlSeconds: ttlMs && ttlMs / 1000 },
    };
    try {
      const server = await startDetached(PROGRAM, options, COMPILED_REMEDY);
      const { endpoint } = this;
      started.set(endpoint, server);
      server.ended.then(() => started.get(endpoint) === server && started.delete(endpoint));
    } catch (error) {
      // Another client has started the server.
      if (error instanceof Deno.errors.AddrInUse) return;
      throw this.#connectionError(
        `the server cannot be started: ${messageOf(error)}`,
        error,
      );
    }
  }

  async #attach(connection: ClientConnection): Promise<void> {
    try {
      await this.#prove(connection);
      const { maxSlotsPerThread, maxThreads, ttlMs = 0 } = this.#address.limits;
      const limits = `${maxSlotsPerThread} ${maxThreads} ${ttlMs}`;
      const reply = await connection.request(`STATE_ATTACH ${this.#clientId} ${limits}`);
      if (reply === "ENDING") throw new TransientError("the server was about to end");
    } catch (error) {
      if (!(error instanceof MessagingRefusedError)) throw error;
      throw this.#connectionError(`the server rejected the client: ${error.message}`, error);
    }
  }

  /** Both sides prove that they know the key, the client first. */
  async #prove(connection: ClientConnection): Promise<void> {
    const { authkey } = this.#address;
    const [number, instance] = await this.#request(connection, "STATE_HELLO", "NONCE", 2);
    if (this.isBound && instance !== this.#instance) {
      throw this.#connectionError(
        "it is another server than before, and the state is lost: make a new backend",
      );
    }
    const nonces = { client: makeNonce(), server: Uint8Array.fromBase64(number) };
    const args = [nonces.client, proofOf(authkey, "client", nonces)].map(bytesArgument);
    const [proof] = await this.#request(connection, `STATE_PROVE ${args.join(" ")}`, "PROOF", 1);
    if (!isProof(Uint8Array.fromBase64(proof), authkey, "server", nonces)) {
      throw this.#connectionError(
        "it does not know the managerAuthkey: another program listens there",
      );
    }
    this.#instance = instance;
  }

  async #request(
    connection: ClientConnection,
    line: string,
    word: string,
    count: number,
  ): Promise<string[]> {
    const reply = await connection.request(line);
    const [first, ...args] = splitArguments(reply);
    if (first === word && args.length === count) return args;
    throw this.#connectionError(`it replied ${reply.slice(0, 100)}: is it a server of Ringbus?`);
  }
}
