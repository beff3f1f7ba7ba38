/**
 * One connection to one server. It is open or closed for good: it never reconnects, and queues no
 * commands. A command that was in flight when it closed may have been carried out. The caller repeats
 * it.
 *
 * @module
 */

import { withoutSecrets } from "../../lib/base/redact.ts";
import { startTimer, withTimer } from "../../lib/base/timer.ts";
import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import {
  ClientClosedError,
  DisconnectsClientError,
  RedisClient,
  RESP_TYPES,
  SocketClosedUnexpectedlyError,
} from "@redis/client";
import type { Login, NodeAddress } from "./address.ts";
import { AttemptInterrupted, AttemptTimeout } from "./failures.ts";
import { pemText } from "../../lib/base/redis_options.ts";
import { withSockets } from "./sockets.ts";

type Client = ReturnType<typeof newClient>;

/** A command that is longer has more time. */
const MIN_BULK_LENGTH = 64 * 1024;
/** The slowest line that is still of use: 2 Mbit/s. */
const MIN_BYTES_PER_MS = 256;

/** The library would create a timer and a signal for each command; its types do not know of `undefined`. */
const NO_TIMEOUT = { timeout: undefined } as object;

/** Returns the texts of a reply as buffers. */
const AS_BYTES = { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } } as const;

/** A word of a command: text, or bytes. */
export type Argument = string | Buffer;

/** A reply to a command. */
export type Reply = string | number | null | Reply[];

/** A reply to a command, with bytes in the place of texts. */
export type ByteReply = Buffer | number | null | ByteReply[];

/** An open connection. */
export class Connection {
  readonly #client: Client;
  readonly #login: Login;
  readonly #timeoutMs: number;
  /** The time for each command without a reply in milliseconds, the oldest first. */
  readonly #waiting = new Map<number, number>();
  /** When the connection last began to wait, or got bytes or a reply. */
  #progressAtMs = 0;
  #bytesRead = 0;
  #socket: Socket | undefined;
  readonly #closed = Promise.withResolvers<void>();
  #nextWait: Promise<number> | undefined;
  #lastWait: Promise<unknown> | undefined;
  #count = 0;
  #stopTimer: (() => void) | undefined;
  #isClosed = false;
  /** Number of calls that use the connection. */
  #calls = 0;
  #isRetired = false;
  #hasTimedOut = false;
  /** The first error of the connection. */
  #failure: Error | undefined;

  private constructor(client: Client, login: Login, timeoutMs: number) {
    this.#client = client;
    this.#login = login;
    this.#timeoutMs = timeoutMs;
    client.on("error", (error) => this.#fail(error));
    client.on("end", () => this.close());
    client.on("sharded-channel-moved", () => this.close());
  }

  /** Connects and logs in, unless `signal` ends that. This, and each command, may take `timeoutMs`. */
  static async open(
    address: NodeAddress,
    login: Login,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<Connection> {
    if (signal?.aborted) throw new AttemptInterrupted();
    const client = newClient(address, login, timeoutMs);
    const connection = new Connection(client, login, timeoutMs);
    const interrupt = () => connection.close();
    signal?.addEventListener("abort", interrupt);
    try {
      const connecting = withSockets((socket) => connection.#own(socket), async () => {
        await client.connect();
      });
      await withTimer(connecting, timeoutMs, () => connection.#timeOut());
    } catch (error) {
      connection.close();
      throw connection.#reasonOf(error);
    } finally {
      signal?.removeEventListener("abort", interrupt);
    }
    return connection;
  }

  /** Number of commands without a reply. */
  get inFlight(): number {
    return this.#waiting.size;
  }

  /** Whether the connection is closed, or will be when the calls that use it have ended. */
  get isRetired(): boolean {
    return this.#isRetired;
  }

  /** Settles when the connection is closed. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** Runs a call, which may be several commands. The connection is not retired in the meantime. */
  async use<T>(call: () => Promise<T>): Promise<T> {
    this.#calls++;
    try {
      return await call();
    } finally {
      this.#calls--;
      if (this.#isRetired) this.retire();
    }
  }

  /** Sends a command. Commands of one turn of the event loop travel together. */
  send(command: readonly Argument[]): Promise<Reply> {
    return this.#send<Reply>(command);
  }

  /** As `send`, with bytes in place of the texts of the reply. */
  sendBytes(command: readonly Argument[]): Promise<ByteReply> {
    return this.#send<ByteReply>(command, AS_BYTES);
  }

  async #send<R>(command: readonly Argument[], options?: typeof AS_BYTES): Promise<R> {
    if (this.#isClosed) throw this.#reasonOf(new ClientClosedError());
    const number = this.#count++;
    if (this.#waiting.size === 0) this.#hasProgressed();
    this.#waiting.set(number, this.#timeoutMs + transferMs(command));
    this.#stopTimer ??= startTimer(this.#timeoutMs, () => this.#checkTimeout());
    try {
      return await this.#client.sendCommand<R>(command, options);
    } catch (error) {
      throw this.#reasonOf(error);
    } finally {
      this.#waiting.delete(number);
      this.#hasProgressed();
    }
  }

  /**
   * Waits until `replicas` replicas have the earlier writes of this connection, or `waitMs` have
   * passed. Returns how many replicas have them. The wait blocks the connection, so calls in the
   * meantime share the next wait.
   */
  waitForReplicas(replicas: number, waitMs: number): Promise<number> {
    return this.#nextWait ??= this.#wait(replicas, waitMs);
  }

  async #wait(replicas: number, waitMs: number): Promise<number> {
    await this.#lastWait;
    const wait = this.send(["WAIT", String(replicas), String(waitMs)]);
    this.#nextWait = undefined;
    this.#lastWait = wait.catch(() => {});
    return Number(await wait);
  }

  /** Calls `listener` for each text that is published on a channel. A cluster has sharded channels. */
  async subscribe(
    channel: string,
    isSharded: boolean,
    listener: (message: string) => void,
  ): Promise<void> {
    if (isSharded) await this.#client.sSubscribe(channel, listener);
    else await this.#client.subscribe(channel, listener);
  }

  /** Ends the subscription to a channel. */
  async unsubscribe(channel: string, isSharded: boolean): Promise<void> {
    if (isSharded) await this.#client.sUnsubscribe(channel);
    else await this.#client.unsubscribe(channel);
  }

  /** Closes the connection when the calls that use it have ended. */
  retire(): void {
    this.#isRetired = true;
    if (this.#calls === 0) this.close();
  }

  /** Closes the connection. Commands in flight reject. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#isRetired = true;
    this.#stopTimer?.();
    this.#client.destroy();
    // The library does not know a socket yet that is still connecting.
    if (this.#socket?.connecting) this.#socket.destroy(new AttemptInterrupted());
    this.#closed.resolve();
  }

  #own(socket: Socket): void {
    this.#socket = socket;
    socket.on("error", (error) => this.#fail(error));
  }

  #hasProgressed(): void {
    this.#progressAtMs = performance.now();
    this.#bytesRead = this.#socket?.bytesRead ?? 0;
  }

  /** Closes the connection if nothing has arrived for too long while its oldest command waits. */
  #checkTimeout(): void {
    this.#stopTimer = undefined;
    const [allowedMs] = this.#waiting.values();
    if (allowedMs === undefined || this.#isClosed) return;
    if (this.#socket !== undefined && this.#socket.bytesRead > this.#bytesRead) {
      this.#hasProgressed();
    }
    const remainingMs = this.#progressAtMs + allowedMs - performance.now();
    if (remainingMs <= 0) this.#timeOut();
    else this.#stopTimer = startTimer(remainingMs, () => this.#checkTimeout());
  }

  #timeOut(): void {
    this.#hasTimedOut = true;
    this.close();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.close();
  }

  /** Why a command, or the opening, failed. For the library it was the end of the client. */
  #reasonOf(error: unknown): unknown {
    if (this.#hasTimedOut) {
      return new AttemptTimeout(`there was no reply within ${this.#timeoutMs} ms`);
    }
    const isInterrupted = error instanceof ClientClosedError ||
      error instanceof DisconnectsClientError;
    if (isInterrupted && this.#failure === undefined) return new AttemptInterrupted();
    const isConsequence = isInterrupted || error instanceof SocketClosedUnexpectedlyError;
    return withoutPassword(isConsequence ? this.#failure ?? error : error, this.#login);
  }
}

/** Milliseconds that a slow line takes for the bytes of a command. */
export function transferMs(command: readonly Argument[]): number {
  let length = 0;
  for (const word of command) length += word.length;
  return length < MIN_BULK_LENGTH ? 0 : length / MIN_BYTES_PER_MS;
}

/** A server that does not know a command repeats it, and with it the password. */
function withoutPassword(error: unknown, { password, tls }: Login): unknown {
  if (!(error instanceof Error)) return error;
  const message = error.message.replace(/, with args beginning with: .*/s, "");
  const key = tls?.key && pemText(tls.key);
  const secrets = [password, password && encodeURIComponent(password), key];
  const redacted = withoutSecrets(message, secrets);
  return redacted === error.message ? error : new Error(redacted);
}

/** Options that are undefined are left out: the library passes them on, and TLS takes them as given. */
function tlsOptions({ tls }: Login) {
  if (tls === undefined) return {};
  const { ca, cert, key, servername } = tls;
  return {
    tls: true as const,
    ...ca !== undefined && { ca: pemText(ca) },
    ...cert !== undefined && { cert: pemText(cert) },
    ...key !== undefined && { key: pemText(key) },
    ...servername !== undefined && { servername },
  };
}

let makeClient: ReturnType<typeof RedisClient.factory> | undefined;

/**
 * Makes a client of the same class each time: the library's `createClient` makes a class with all commands
 * after each change of the options, such as another port, which takes 30 ms.
 */
function newClient({ host, port }: NodeAddress, login: Login, timeoutMs: number) {
  makeClient ??= RedisClient.factory();
  return makeClient({
    ...login.username !== undefined && { username: login.username },
    ...login.password !== undefined && { password: login.password },
    ...login.clientName !== undefined && { name: login.clientName },
    database: login.database,
    socket: {
      host,
      port,
      ...tlsOptions(login),
      connectTimeout: timeoutMs,
      reconnectStrategy: false,
    },
    commandOptions: { ...NO_TIMEOUT },
    disableOfflineQueue: true,
    maintNotifications: "disabled",
  });
}
