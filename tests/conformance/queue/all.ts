import { broadcastTests } from "./broadcasts.ts";
import { deduplicationTests } from "./deduplication.ts";
import { delayTests } from "./delays.ts";
import { deliveryTests } from "./delivery.ts";
import { flowTests } from "./flow.ts";
import { leaseTests } from "./leases.ts";
import { limitTests } from "./limits.ts";
import { monitoringTests } from "./monitoring.ts";
import { orderTests } from "./order.ts";
import { orderingKeyTests } from "./ordering_keys.ts";
import { recordTests } from "./records.ts";
import { resultTests } from "./results.ts";
import { scheduleTests } from "./schedules.ts";
import type { TestOn } from "./stage.ts";
import { workerTests } from "./workers.ts";

/**
 * Registers all tests of the contract of message queues; those that let time pass by `waiting`. Those of workers
 * take longest, and begin first.
 */
export function queueConformance(test: TestOn, waiting: TestOn = test): void {
  workerTests(test, waiting);
  recordTests(test);
  deliveryTests(test, waiting);
  leaseTests(test, waiting);
  delayTests(test, waiting);
  deduplicationTests(test, waiting);
  orderingKeyTests(test, waiting);
  flowTests(test, waiting);
  monitoringTests(test, waiting);
  orderTests(test);
  limitTests(test, waiting);
  broadcastTests(test, waiting);
  resultTests(test, waiting);
  scheduleTests(test, waiting);
}
