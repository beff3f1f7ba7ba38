// One contract, wherever shared state lives. To run it on a backend, call `testSharedBackend` with what
// opens it.

import { testBuffers } from "./buffers.ts";
import type { StateTransport } from "./transport.ts";
import { testLimits } from "./limits.ts";
import { testRegistry } from "./registry.ts";
import { testTtl } from "./ttl.ts";

/** Registers all tests of the contract for one kind of backend. */
export function testSharedBackend(transport: StateTransport): void {
  testBuffers(transport);
  testRegistry(transport);
  testLimits(transport);
  testTtl(transport);
}
