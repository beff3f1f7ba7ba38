/**
 * Sockets that send and receive headers as they are.
 *
 * @module
 */

/** From now on a socket's values may be `WithHeader`. It calls the protected method for that. */
export function withHeadersEnabled<S extends object>(socket: S): S {
  (socket as unknown as { enableHeaders(): void }).enableHeaders();
  return socket;
}
