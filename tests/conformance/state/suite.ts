// One contract, wherever shared state lives. To run it on a backend, call `testSharedBackend` with what
// opens it.

import { testBuffers } from "./buffers.ts";
import type { StateCarrier } from "./carrier.ts";
import { testLimits } from "./limits.ts";
import { testRegistry } from "./registry.ts";
import { testTtl } from "./ttl.ts";

/** Registers all tests of the contract for one kind of backend. */
export function testSharedBackend(carrier: StateCarrier): void {
  testBuffers(carrier);
  testRegistry(carrier);
  testLimits(carrier);
  testTtl(carrier);
}
