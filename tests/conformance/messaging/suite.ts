// The contract of all messaging backends. To run it for a backend, call `testMessagingBackend` with a
// function that opens the backend.

import type { MessagingTransport } from "./transport.ts";
import { testLifecycle } from "./lifecycle.ts";
import { testLogging } from "./logging.ts";
import { testLookup } from "./lookup.ts";
import { testOptions } from "./options.ts";
import { testRedisLike } from "./redis_like.ts";
import { testSubscriptions } from "./subscriptions.ts";
import { testTtl } from "./ttl.ts";
import { testValues } from "./values.ts";
import { testWriters } from "./writers.ts";

/** Registers all tests of the contract for one kind of backend. */
export function testMessagingBackend(transport: MessagingTransport): void {
  testLookup(transport);
  testTtl(transport);
  testSubscriptions(transport);
  testRedisLike(transport);
  testValues(transport);
  testWriters(transport);
  testOptions(transport);
  testLifecycle(transport);
  testLogging(transport);
}
