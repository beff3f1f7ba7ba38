/**
 * Starts a TCP server inline, in a worker or in a process of its own.
 *
 * @module
 */

import type { Server, ServerKind } from "../../hosting/mode.ts";
import type { EmbeddedServerConfig } from "./options.ts";
import { EmbeddedServer } from "./server.ts";

/** Creates a server whose `start()` returns its address. */
export function makeServer(options: EmbeddedServerConfig): Server {
  const server = new EmbeddedServer(options);
  return {
    async start() {
      await server.start();
      return server.address;
    },
    unref: () => server.unref(),
    stop: (options) => server.stop(options),
  };
}

/** How to start TCP servers. */
export const SERVER_KIND: ServerKind<EmbeddedServerConfig> = {
  make: makeServer,
  program: new URL("./program.ts", import.meta.url),
  permissions: ["--allow-net", "--allow-env=RINGBUS_DEBUG"],
};
