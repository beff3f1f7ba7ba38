/**
 * Options of servers for their store and its subscribers.
 *
 * @module
 */

import { oneOf } from "../../lib/base/option_checks.ts";
import type { OptionChecks } from "../../lib/base/option_rules.ts";
import { Store, type StoreOptions } from "../store/store.ts";
import { checkLimit } from "../store/limits.ts";
import type { SubscriptionQueueOptions } from "../store/subscription.ts";

/** The options of a server for the queues of its subscribers. */
export type QueueOptions = Pick<
  SubscriptionQueueOptions,
  "maxQueueLength" | "maxQueueBytes" | "overflow"
>;

/** The checks of `QueueOptions`. */
export const QUEUE_CHECKS: OptionChecks<QueueOptions> = {
  maxQueueLength: checkLimit,
  maxQueueBytes: checkLimit,
  overflow: oneOf("dropOldest", "disconnect"),
};

/**
 * The store of a server: the one in its options, or a new one.
 *
 * @throws {TypeError} if the options have both a store and options of a store
 */
export function storeOf(options: StoreOptions & { store?: Store | undefined }): Store {
  const { store, clock, maxMessagesPerTopic, maxBytes, maxPatterns } = options;
  const own: StoreOptions = {};
  if (clock !== undefined) own.clock = clock;
  if (maxMessagesPerTopic !== undefined) own.maxMessagesPerTopic = maxMessagesPerTopic;
  if (maxBytes !== undefined) own.maxBytes = maxBytes;
  if (maxPatterns !== undefined) own.maxPatterns = maxPatterns;
  if (store === undefined) return new Store(own);
  const [both] = Object.keys(own);
  if (both === undefined) return store;
  throw new TypeError(`${both} is an option of the store: pass it to the Store that you make`);
}

/** The options for the queues of a server's subscribers, among its other options. */
export function queueOptionsOf(options: QueueOptions): QueueOptions {
  const { maxQueueLength, maxQueueBytes, overflow } = options;
  return { maxQueueLength, maxQueueBytes, overflow };
}
