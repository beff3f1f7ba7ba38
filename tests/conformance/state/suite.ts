// The contract of all backends of shared state. To run it for a backend, call `testSharedBackend` with a
// function that opens the backend.

import { testBuffers } from "./buffers.ts";
import { testInfo } from "./info.ts";
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
  testInfo(transport);
}
