/**
 * The sockets that the client library opens. The library listens to one error of a socket at a time, and
 * to none for a moment, so that a second one would end the program: for example the server's alert that it
 * requires a certificate, which comes after the handshake. It also hides how much has been read.
 *
 * @module
 */

import { AsyncLocalStorage } from "node:async_hooks";
import { subscribe } from "node:diagnostics_channel";
import type { Socket } from "node:net";

type OnSocket = (socket: Socket) => void;

/** Who is told of a socket that is opened now. */
const opening = new AsyncLocalStorage<OnSocket>();

subscribe("net.client.socket", (message) => {
  opening.getStore()?.((message as { socket: Socket }).socket);
});

/** Calls `onSocket` with each socket that `open` opens, before anything can happen to it. */
export function withSockets<T>(onSocket: OnSocket, open: () => Promise<T>): Promise<T> {
  return opening.run(onSocket, open);
}
