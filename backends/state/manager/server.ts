/**
 * The server of shared state that a client starts in a process of its own. It ends after its last client.
 *
 * @module
 */

import type { Server } from "../../hosting/mode.ts";
import { EmbeddedServer } from "../../tcp/server/server.ts";
import type { StateOptions } from "../config.ts";
import { StateHost } from "./host.ts";

/** Longest line: the largest slot in base64, and its names. */
const MAX_LINE_BYTES = 96 * 2 ** 20;

/** Options of the server, as plain data. */
export interface ManagerServerOptions {
  host: string;
  port: number;
  /** The authkey in base64. */
  authkey: string;
  limits: StateOptions;
}

/** Makes a server whose `ended` is fulfilled when its last client has left. */
export function makeManagerServer({ host, port, authkey, limits }: ManagerServerOptions): Server {
  const { promise: ended, resolve: onEnd } = Promise.withResolvers<void>();
  const server = new EmbeddedServer({
    host,
    port,
    // It serves only shared state: no client knows the token of the other commands.
    token: crypto.randomUUID(),
    state: new StateHost({ ...limits, authkey: Uint8Array.fromBase64(authkey), onEnd }),
    maxLineBytes: MAX_LINE_BYTES,
    // A client that was stopped for an hour keeps its state. The kernel closes the connection of a dead one.
    idleTimeoutMs: Infinity,
  });
  return {
    ended,
    async start() {
      await server.start();
      return server.address;
    },
    unref: () => server.unref(),
    stop: (options) => server.stop(options),
  };
}
