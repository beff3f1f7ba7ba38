/**
 * A backend's connection to its server: made at the first call, with a server that is started if need be.
 * Calls run one after the other, in the order in which they were made.
 *
 * @module
 */

import { logger } from "../../../lib/base/log.ts";
import { startTimer } from "../../../lib/base/timer.ts";
import { MessagingConnectionError } from "../../messaging/errors.ts";
import { closedError, HttpClient } from "./client.ts";
import { type StartedServer, startSharedMemoryServer } from "./launch.ts";
import { addressOf, type CheckedBackendOptions } from "./options.ts";
import { type PollEntry, Poller } from "./poller.ts";

/** Milliseconds for the last call, and for the end of the subscriptions. */
const GRACEFUL_SHUTDOWN_MS = 2000;

/** What there is while the backend has a server. */
export interface OpenConnection {
  readonly client: HttpClient;
  readonly poller: Poller;
  readonly server: StartedServer | undefined;
}

/** The connection of one backend. */
export class ServerConnection {
  readonly #options: CheckedBackendOptions;
  readonly #onEntry: (entry: PollEntry) => void;
  #open: Promise<OpenConnection> | undefined;
  #serverUrl: string | undefined;
  #isClosed = false;
  /** The last call; never rejects. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: CheckedBackendOptions, onEntry: (entry: PollEntry) => void) {
    this.#options = options;
    this.#onEntry = onEntry;
  }

  /** URL of the server; undefined until one is started. */
  get serverUrl(): string | undefined {
    return this.#serverUrl ?? this.#options.url;
  }

  /** Runs a call when all earlier ones have ended. */
  async run<T>(call: (connection: OpenConnection) => Promise<T>): Promise<T> {
    const result = this.#last.then(async () => {
      if (this.#isClosed) throw closedError();
      return await call(await this.#opened());
    });
    this.#last = result.catch(() => {});
    return await result;
  }

  async #opened(): Promise<OpenConnection> {
    const opening = this.#open ??= this.#connect();
    try {
      return await opening;
    } catch (error) {
      this.#open = undefined;
      throw error;
    }
  }

  async #connect(): Promise<OpenConnection> {
    const { url, autoStartServer } = this.#options;
    const server = autoStartServer ? await this.#startServer() : undefined;
    this.#serverUrl = server?.url ?? url!;
    const client = new HttpClient(this.#serverUrl, this.#options);
    return { server, client, poller: new Poller(client, this.#onEntry) };
  }

  async #startServer(): Promise<StartedServer> {
    const { url, serverMode, token } = this.#options;
    const at = url === undefined ? {} : addressOf(url);
    try {
      const server = await startSharedMemoryServer({ ...at, serverMode, token });
      server.unref();
      return server;
    } catch (cause) {
      const address = url ?? "a free port of 127.0.0.1";
      throw new MessagingConnectionError(`starting a server failed: ${cause};`, address, { cause });
    }
  }

  /** Waits for the running call, ends the subscriptions, and stops the server if it was started here. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const connection = await this.#open?.catch(() => undefined);
    if (connection === undefined) return;
    const { client, poller, server } = connection;
    const stopTimer = startTimer(GRACEFUL_SHUTDOWN_MS, () => client.abort());
    await this.#last;
    try {
      await poller.unsubscribeAll(GRACEFUL_SHUTDOWN_MS);
    } catch (error) {
      logger.debug("cannot unsubscribe from the server: {error}", { error });
    }
    stopTimer();
    client.close();
    await poller.ended();
    await server?.stop();
  }
}
