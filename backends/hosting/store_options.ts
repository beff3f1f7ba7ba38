/**
 * Options of servers for their store and its subscribers.
 *
 * @module
 */

import { formatValue } from "../../lib/base/options.ts";
import { Store, type StoreOptions } from "../store/store.ts";
import { checkLimit, DEFAULT_MAX_QUEUE_BYTES, DEFAULT_MAX_QUEUE_LENGTH } from "../store/limits.ts";
import type { SubscriptionQueueOptions } from "../store/subscription.ts";

/**
 * The store of a server: the one in its options, or a new one.
 *
 * @throws {TypeError} if the options have both a store and options of a store
 */
export function storeOf(options: StoreOptions & { store?: Store }): Store {
  const { store, clock, maxMessagesPerTopic, maxBytes } = options;
  const own: StoreOptions = {};
  if (clock !== undefined) own.clock = clock;
  if (maxMessagesPerTopic !== undefined) own.maxMessagesPerTopic = maxMessagesPerTopic;
  if (maxBytes !== undefined) own.maxBytes = maxBytes;
  if (store === undefined) return new Store(own);
  const [both] = Object.keys(own);
  if (both === undefined) return store;
  throw new TypeError(`${both} is an option of the store: pass it to the Store that you make`);
}

/** Checks the options of the subscribers' queues, before the first subscriber arrives. */
export function queueOptionsOf(
  options: SubscriptionQueueOptions,
): Omit<SubscriptionQueueOptions, "onReady"> {
  const { maxQueueLength, maxQueueBytes, overflow } = options;
  if (overflow !== undefined && overflow !== "dropOldest" && overflow !== "disconnect") {
    throw new TypeError(
      `overflow must be "dropOldest" or "disconnect", not ${formatValue(overflow)}`,
    );
  }
  return {
    maxQueueLength: checkLimit("maxQueueLength", maxQueueLength, DEFAULT_MAX_QUEUE_LENGTH),
    maxQueueBytes: checkLimit("maxQueueBytes", maxQueueBytes, DEFAULT_MAX_QUEUE_BYTES),
    overflow,
  };
}
