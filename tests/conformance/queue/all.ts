import { broadcastTests } from "./broadcasts.ts";
import { deliveryTests } from "./delivery.ts";
import { limitTests } from "./limits.ts";
import { orderTests } from "./order.ts";
import { recordTests } from "./records.ts";
import type { TestOn } from "./stage.ts";

/** Registers all tests of the contract of message queues. */
export function queueConformance(test: TestOn): void {
  recordTests(test);
  deliveryTests(test);
  orderTests(test);
  limitTests(test);
  broadcastTests(test);
}
