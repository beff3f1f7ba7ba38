/**
 * The errors of the sockets that the client library opens. The library listens to one error at a time, and
 * to none for a moment, so that a second one would end the program: for example the server's alert that it
 * requires a certificate, which comes after the handshake.
 *
 * @module
 */

import { AsyncLocalStorage } from "node:async_hooks";
import { subscribe } from "node:diagnostics_channel";
import type { Socket } from "node:net";

type OnError = (error: Error) => void;

/** What is called with the errors of a socket that is opened now. */
const opening = new AsyncLocalStorage<OnError>();

subscribe("net.client.socket", (message) => {
  const onError = opening.getStore();
  if (onError !== undefined) (message as { socket: Socket }).socket.on("error", onError);
});

/** Calls `onError` for each error of each socket that `open` opens, as long as the socket exists. */
export function withSocketErrors<T>(onError: OnError, open: () => Promise<T>): Promise<T> {
  return opening.run(onError, open);
}
