/**
 * The server of shared state that a backend starts when there is none: in a process that lives until its
 * last client leaves.
 *
 * @module
 */

import type { Server } from "../../hosting/mode.ts";
import { EmbeddedServer } from "../../tcp/server/server.ts";
import type { StateOptions } from "../config.ts";
import { StateHost } from "./host.ts";

/** Room for the largest slot, in base64, and the names beside it. */
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
    // It is for shared state alone: nobody knows what its messages would need.
    token: crypto.randomUUID(),
    state: new StateHost({ ...limits, authkey: Uint8Array.fromBase64(authkey), onEnd }),
    maxLineBytes: MAX_LINE_BYTES,
    // A client that was stopped for an hour comes back to its state; one that is gone is found by the kernel.
    idleTimeoutMs: Infinity,
  });
  return {
    ended,
    async start() {
      await server.start();
      return server.address;
    },
    stop: () => server.stop(),
  };
}
