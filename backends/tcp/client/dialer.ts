/**
 * Opens connections to the server, and starts the server if there is none.
 *
 * @module
 */

import { addressText } from "../../hosting/endpoint.ts";
import type { RunningServer } from "../../hosting/mode.ts";
import { type ProbeResult, startOrAttach, startServer } from "../../hosting/start.ts";
import { MessagingClosedError, MessagingConnectionError } from "../../messaging/errors.ts";
import { SERVER_KIND } from "../server/launch.ts";
import { ClientConnection, type ClientConnectionOptions, SilenceError } from "./connection.ts";
import type { CheckedBackendOptions } from "./options.ts";
import { messageOf } from "../../../lib/base/thrown.ts";

/** Gets what a connection receives beside replies. */
export type PushHandlers = Pick<ClientConnectionOptions, "onPush" | "onDropped">;

/** The dialer of one client. */
export class Dialer {
  readonly #options: CheckedBackendOptions;
  readonly #signal: AbortSignal;
  readonly #handlers: PushHandlers;
  #server: RunningServer | undefined;
  /** Where the server was found. */
  #host: string;

  /** @param signal aborted when the client is closed */
  constructor(options: CheckedBackendOptions, signal: AbortSignal, handlers: PushHandlers) {
    this.#options = options;
    this.#host = options.host;
    this.#signal = signal;
    this.#handlers = handlers;
  }

  /** Host and port of the server. */
  get address(): string {
    return addressText(this.#host, this.#options.port);
  }

  /** Connects to the server that runs, or to one that it starts. */
  async open(onLost: ClientConnectionOptions["onLost"]): Promise<ClientConnection> {
    try {
      return await this.#connect(onLost);
    } catch (error) {
      if (!this.#options.autoStartServer || !isConnectionRefused(error)) throw error;
      await this.#startServer();
      return await this.#connect(onLost);
    }
  }

  async #connect(onLost: ClientConnectionOptions["onLost"]): Promise<ClientConnection> {
    try {
      return await this.#dial(this.#handlers, onLost, this.#host);
    } catch (cause) {
      this.#checkOpen();
      throw new MessagingConnectionError(
        `cannot connect (${messageOf(cause)}) to the TCP server`,
        this.address,
        { cause, advice: isRefused(cause) ? this.#adviceWithoutServer() : undefined },
      );
    }
  }

  #adviceWithoutServer(): string {
    return this.#options.autoStartServer
      ? "start a server there"
      : "start a server there, or omit autoStartServer";
  }

  #dial(
    handlers: PushHandlers,
    onLost: ClientConnectionOptions["onLost"],
    host: string,
  ): Promise<ClientConnection> {
    const { port, timeoutMs, maxReplyBytes } = this.#options;
    const limits = { timeoutMs, maxReplyBytes };
    const signal = this.#signal;
    return ClientConnection.open({ host, port, ...limits, signal, ...handlers, onLost });
  }

  async #startServer(): Promise<void> {
    const { host, port, token, serverMode } = this.#options;
    await this.stopServer();
    this.#checkOpen();
    let found = host;
    this.#server = await startOrAttach({
      host,
      port,
      addressAt(at) {
        found = at;
        return addressText(at, port);
      },
      start(at) {
        found = at;
        return startServer(SERVER_KIND, { host: at, port, token }, serverMode);
      },
      probe: (at) => this.#probe(at),
    });
    this.#host = found;
    this.#server.unref();
    this.#checkOpen();
  }

  /** Checks which server listens at a host. */
  async #probe(host: string): Promise<ProbeResult> {
    try {
      const connection = await this.#dial({}, () => {}, host);
      const reply = await connection.request("PING").finally(() => connection.close(closedError()));
      return reply === "PONG" ? "responding" : "foreign";
    } catch (error) {
      if (error instanceof Deno.errors.ConnectionRefused) return "refused";
      const cause = error instanceof MessagingConnectionError ? error.cause : error;
      return cause instanceof SilenceError ? "silent" : "foreign";
    }
  }

  #checkOpen(): void {
    if (this.#signal.aborted) throw closedError();
  }

  /** Stops the server if it was started here. */
  async stopServer(): Promise<void> {
    await this.#server?.stop();
  }
}

/** The error for calls to a closed backend. */
export function closedError(): MessagingClosedError {
  return new MessagingClosedError("the backend was closed by cleanup()");
}

function isConnectionRefused(error: unknown): boolean {
  return error instanceof Error && isRefused(error.cause);
}

function isRefused(cause: unknown): boolean {
  return cause instanceof Deno.errors.ConnectionRefused;
}
