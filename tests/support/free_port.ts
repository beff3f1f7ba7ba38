/**
 * Ports for servers of tests.
 *
 * @module
 */

import { candidatePorts } from "../../testing/ports.ts";

/** A port of the loopback address on which no process listens. */
export function freePort(): number {
  for (const port of candidatePorts()) {
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
  throw new Error("unreachable");
}
