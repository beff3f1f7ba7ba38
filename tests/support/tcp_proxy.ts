/**
 * A TCP proxy between a client and a server of a test, which fails as networks do.
 *
 * It is made of `node:net`, because that alone can reset a connection.
 *
 * @module
 */

import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { setTimeout } from "node:timers/promises";
import { candidatePorts } from "../../testing/ports.ts";

const HOST = "127.0.0.1";

/** Where bytes are going. */
export type Direction = "to client" | "to server";

/** Listens on a free port of the loopback address, and passes all on to `targetPort`. */
export async function tcpProxy(targetPort: number): Promise<TcpProxy> {
  for (const port of candidatePorts()) {
    const proxy = new TcpProxy(port, targetPort);
    try {
      await proxy.accept();
      return proxy;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    }
  }
  throw new Error("unreachable");
}

/** A running proxy, as {@linkcode tcpProxy} starts it. */
export class TcpProxy implements AsyncDisposable {
  readonly port: number;
  /** Where new connections lead to. */
  targetPort: number;
  readonly #connections = new Set<Connection>();
  #listener: Server | undefined;
  #accepted = 0;
  #cuts = 0;
  #planned: { direction: Direction; bytes: number } | undefined;
  /** The delay before bytes are forwarded, in both directions. */
  delayMs = 0;

  constructor(port: number, targetPort: number) {
    this.port = port;
    this.targetPort = targetPort;
  }

  /** Connections that are open now. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Connections there have been. */
  get accepted(): number {
    return this.#accepted;
  }

  /** Connections that `cut` and `cutAfter` have reset. */
  get cuts(): number {
    return this.#cuts;
  }

  /** Resets all connections now. */
  cut(): void {
    for (const connection of this.#connections) this.#cut(connection);
  }

  /**
   * Resets a connection within the next data: `bytes` of it are still forwarded, and no more in either
   * direction. With 0, none of the next data is forwarded.
   */
  cutAfter(bytes: number, direction: Direction): void {
    this.#planned = { bytes, direction };
  }

  /** Ends all streams in one direction, as a peer that only closes its sending side. */
  halfClose(direction: Direction): void {
    for (const connection of this.#connections) connection.end(direction);
  }

  /** Rejects new connections from now on; existing ones stay. */
  refuse(): void {
    this.#listener?.close();
    this.#listener = undefined;
  }

  /** New connections are accepted (again). */
  async accept(): Promise<void> {
    if (this.#listener) return;
    const listener = createServer({ allowHalfOpen: true }, (client) => this.#connect(client));
    listener.listen(this.port, HOST);
    await once(listener, "listening");
    this.#listener = listener;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.refuse();
    const links = [...this.#connections];
    for (const link of links) link.reset();
    await Promise.all(links.map((link) => link.done));
  }

  #connect(client: Socket): void {
    this.#accepted++;
    const server = connect({ port: this.targetPort, host: HOST, allowHalfOpen: true });
    const connection: Connection = new Connection(
      client,
      server,
      (direction, chunk) => this.#pass(connection, direction, chunk),
    );
    this.#connections.add(connection);
    connection.done.then(() => this.#connections.delete(connection));
  }

  #cut(connection: Connection): void {
    this.#cuts++;
    this.#connections.delete(connection);
    connection.reset();
  }

  async #pass(connection: Connection, direction: Direction, chunk: Uint8Array): Promise<void> {
    if (this.delayMs > 0) await connection.sleep(this.delayMs);
    const plan = this.#planned;
    if (plan?.direction !== direction) return await connection.write(direction, chunk);
    if (chunk.length < plan.bytes) {
      plan.bytes -= chunk.length;
      return await connection.write(direction, chunk);
    }
    this.#planned = undefined;
    await connection.last(direction, chunk.subarray(0, plan.bytes));
    this.#cut(connection);
  }
}

type Pass = (direction: Direction, chunk: Uint8Array) => Promise<void>;

/** The two connections of one client. */
class Connection {
  readonly #targets: Record<Direction, Socket>;
  readonly #pass: Pass;
  readonly #closed = new AbortController();
  /** Received bytes are no longer forwarded. */
  #isDiscarding = false;
  /** Resolves when both connections are gone. */
  readonly done: Promise<unknown>;

  constructor(client: Socket, server: Socket, pass: Pass) {
    this.#targets = { "to client": client, "to server": server };
    this.#pass = pass;
    const closed = [client, server].map((socket) => {
      socket.on("error", () => this.reset());
      return new Promise((resolve) => socket.on("close", resolve));
    });
    const pumps = [this.#pump(client, "to server"), this.#pump(server, "to client")];
    this.done = Promise.all([...pumps, ...closed]);
  }

  /** Ends the stream in one direction. */
  end(direction: Direction): void {
    this.#targets[direction].end();
  }

  /** Resets both connections. */
  reset(): void {
    this.#isDiscarding = true;
    this.#closed.abort();
    for (const socket of Object.values(this.#targets)) {
      if (socket.connecting) socket.destroy();
      else socket.resetAndDestroy();
    }
  }

  /** Lets time pass, until the reset at most. */
  async sleep(ms: number): Promise<void> {
    await setTimeout(ms, undefined, { signal: this.#closed.signal }).catch(() => {});
  }

  /** Passes bytes on, unless that is over. */
  async write(direction: Direction, bytes: Uint8Array): Promise<void> {
    const target = this.#targets[direction];
    if (this.#isDiscarding || target.writableEnded || bytes.length === 0) return;
    await new Promise((resolve) => target.write(bytes, resolve));
  }

  /** Passes bytes on, and nothing after them in either direction. */
  async last(direction: Direction, bytes: Uint8Array): Promise<void> {
    const written = this.write(direction, bytes);
    this.#isDiscarding = true;
    await written;
  }

  async #pump(source: Socket, direction: Direction): Promise<void> {
    try {
      // The other direction continues when this one ends.
      const chunks = source.iterator({ destroyOnReturn: false });
      for await (const chunk of chunks) await this.#pass(direction, chunk);
      this.end(direction);
    } catch {
      this.reset();
    }
  }
}
