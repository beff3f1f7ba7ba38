/**
 * A peer between a client and a server, which breaks the conversation at a step.
 *
 * @module
 */

import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

const HOST = "127.0.0.1";

/** How a peer breaks the conversation. */
export const BREAKS = {
  close: (client: Socket) => client.end(),
  reset: (client: Socket) => client.resetAndDestroy(),
  garbage: (client: Socket) => client.write("\x00\xff garbage\r\n\r\n$$$\r\n*99999999\r\n"),
  "half a reply": (client: Socket) => client.end("*"),
  silence: () => {},
} as const;

/** The name of a way to break the conversation. */
export type Break = keyof typeof BREAKS;

/**
 * Listens, and passes on all that a server at `targetPort` sends, but breaks each conversation in the place
 * of the server's answer number `step`. With step 0 it does so as soon as the client has connected.
 */
export class HostilePeer implements AsyncDisposable {
  readonly #server;
  readonly #sockets = new Set<Socket>();
  #isClosing = false;

  private constructor(targetPort: number, way: Break, step: number) {
    this.#server = createServer((client) => {
      this.#own(client);
      // A client may have connected just before the listener closed.
      if (this.#isClosing) {
        client.destroy();
        return;
      }
      let replies = 0;
      if (step === 0) {
        client.resume();
        BREAKS[way](client);
        return;
      }
      const server = this.#own(connect(targetPort, HOST));
      client.on("data", (bytes) => server.write(bytes)).on("close", () => server.destroy());
      server.on("data", (bytes) => {
        replies++;
        if (replies < step) client.write(bytes);
        if (replies !== step) return;
        BREAKS[way](client);
        server.destroy();
      });
    });
  }

  /** Starts a peer. */
  static async listen(targetPort: number, way: Break, step: number): Promise<HostilePeer> {
    const peer = new HostilePeer(targetPort, way, step);
    peer.#server.listen(0, HOST);
    await once(peer.#server, "listening");
    return peer;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  #own(socket: Socket): Socket {
    this.#sockets.add(socket);
    return socket.on("error", () => {}).on("close", () => this.#sockets.delete(socket));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosing = true;
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}
