/**
 * A server that treats its clients badly, from the beginning or in the midst of a conversation with a real
 * one. It is made of `node:net`, because that alone can reset a connection.
 *
 * @module
 */

import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

const HOST = "127.0.0.1";
const MEGABYTE = 2 ** 20;

/** What a peer does to a connection; `received` is called when bytes have arrived. */
interface Behaviour {
  connected?(socket: Socket): void;
  received?(socket: Socket): void;
}

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
const BEHAVIOURS = {
  "closes at once": { connected: (socket: Socket) => socket.end() },
  "resets at once": { connected: (socket: Socket) => socket.resetAndDestroy() },
  "says nothing": {},
  "closes at the first bytes": { received: (socket: Socket) => socket.end() },
  "resets at the first bytes": { received: (socket: Socket) => socket.resetAndDestroy() },
  "writes before it is asked": { connected: (socket: Socket) => socket.write(NOISE) },
  "replies with noise": write(NOISE),
  "replies with garbage in several protocols": write(
    "\x00\xff garbage\r\n\r\n$$$\r\n*99999999\r\n",
  ),
  "replies with a line that never ends": write(BIG_LINE),
  "replies with an empty line": write("\r\n"),
  "replies with one byte, then closes": writeAndEnd("*"),
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
} satisfies Record<string, Behaviour>;

/** What a peer does. */
export type BehaviourName = keyof typeof BEHAVIOURS;

/** Everything that a peer can do. */
export const BEHAVIOUR_NAMES = Object.keys(BEHAVIOURS) as readonly BehaviourName[];

/** A running peer. */
export class HostilePeer implements AsyncDisposable {
  readonly #server;
  readonly #sockets = new Set<Socket>();
  readonly #behaviour: Behaviour;
  #isClosing = false;

  private constructor(
    behaviour: BehaviourName,
    serve: (peer: HostilePeer, client: Socket) => void,
  ) {
    this.#behaviour = BEHAVIOURS[behaviour];
    this.#server = createServer((client) => {
      this.#own(client);
      // A client may have connected just before the listener closed.
      if (this.#isClosing) client.destroy();
      else serve(this, client);
    });
  }

  /** Starts a peer that is hostile from the beginning. */
  static start(behaviour: BehaviourName): Promise<HostilePeer> {
    return new HostilePeer(behaviour, (peer, client) => peer.#maltreat(client)).#listen();
  }

  /**
   * Starts a peer that passes on all that a server at `targetPort` sends, but is hostile in the place of its
   * answer number `step`. With step 0 it is so as soon as a client has connected.
   */
  static between(
    targetPort: number,
    behaviour: BehaviourName,
    step: number,
  ): Promise<HostilePeer> {
    return new HostilePeer(behaviour, (peer, client) => {
      if (step === 0) peer.#answer(client);
      else peer.#passOn(client, targetPort, step);
    }).#listen();
  }

  async #listen(): Promise<this> {
    this.#server.listen(0, HOST);
    await once(this.#server, "listening");
    return this;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  #own(socket: Socket): Socket {
    this.#sockets.add(socket);
    return socket.on("error", () => {}).on("close", () => this.#sockets.delete(socket));
  }

  /** Does to a client what a peer does to one that has connected, and then to one that has asked. */
  #maltreat(client: Socket): void {
    client.on("data", () => this.#behaviour.received?.(client));
    this.#behaviour.connected?.(client);
  }

  #answer(client: Socket): void {
    this.#maltreat(client);
    this.#behaviour.received?.(client);
  }

  #passOn(client: Socket, targetPort: number, step: number): void {
    const server = this.#own(connect(targetPort, HOST));
    let replies = 0;
    client.on("data", (bytes) => server.write(bytes)).on("close", () => server.destroy());
    server.on("data", (bytes) => {
      replies++;
      if (replies < step) client.write(bytes);
      if (replies !== step) return;
      client.removeAllListeners("data");
      server.destroy();
      this.#answer(client);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosing = true;
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}
