/**
 * A server that treats its clients badly. It is made of `node:net`, because that alone can reset a
 * connection.
 *
 * @module
 */

import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import type { AddressInfo } from "node:net";

/** What a server does to a connection; `received` is what has arrived since the last call. */
interface Behaviour {
  connected?(socket: Socket): void;
  received?(socket: Socket): void;
}

const MEGABYTE = 2 ** 20;

function write(...chunks: (string | Uint8Array)[]): Behaviour {
  return { received: (socket) => chunks.forEach((chunk) => socket.write(chunk)) };
}

function writeAndEnd(text: string): Behaviour {
  return { received: (socket) => socket.end(text) };
}

const NOISE = Uint8Array.from({ length: 4096 }, (_, i) => (i * 167 + 31) & 0xff);
const BIG_LINE = new Uint8Array(32 * MEGABYTE).fill(0x61);
const HTTP_OK = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";

/** All behaviours, by what they do. */
export const BEHAVIOURS: Readonly<Record<string, Behaviour>> = {
  "closes at once": { connected: (socket) => socket.end() },
  "resets at once": { connected: (socket) => socket.resetAndDestroy() },
  "says nothing": {},
  "closes at the first bytes": { received: (socket) => socket.end() },
  "resets at the first bytes": { received: (socket) => socket.resetAndDestroy() },
  "writes before it is asked": { connected: (socket) => socket.write(NOISE) },
  "replies with noise": write(NOISE),
  "replies with a line that never ends": write(BIG_LINE),
  "replies with an empty line": write("\r\n"),
  "replies with half a line, then closes": writeAndEnd("OK STO"),
  "replies with the greeting of another protocol": write("220 mail.example ESMTP\r\n"),
  "replies with an error of Redis": write("-ERR unknown command\r\n"),
  "replies with a negative length": write("$-7\r\n*-9\r\n"),
  "replies with a huge length": write("$999999999999\r\n*4294967295\r\n"),
  "replies with deep nesting": write("*1\r\n".repeat(100_000)),
  "replies more often than it is asked": write("OK STORED\r\nPONG\r\n+OK\r\n:1\r\n".repeat(1000)),
  "replies with half of an HTTP response": write(`${HTTP_OK}content-length: 100\r\n\r\n{"a"`),
  "replies with two lengths": write(`${HTTP_OK}content-length: 2\r\ncontent-length: 3\r\n\r\n{}x`),
  "replies with JSON of another kind": write(`${HTTP_OK}content-length: 4\r\n\r\n[1]\n`),
  "replies with HTML": write("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n<html>"),
  "replies with a redirection to itself": write(
    "HTTP/1.1 302 Found\r\nlocation: /\r\ncontent-length: 0\r\n\r\n",
  ),
};

/** A running server. */
export class HostileServer implements AsyncDisposable {
  readonly #server = createServer({ allowHalfOpen: true });
  readonly #sockets = new Set<Socket>();

  private constructor({ connected, received }: Behaviour) {
    this.#server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => this.#sockets.delete(socket));
      socket.on("data", () => received?.(socket));
      socket.on("end", () => socket.end());
      connected?.(socket);
    });
  }

  static async start(behaviour: string): Promise<HostileServer> {
    const server = new HostileServer(BEHAVIOURS[behaviour]);
    server.#server.listen(0, "127.0.0.1");
    await once(server.#server, "listening");
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }
}
