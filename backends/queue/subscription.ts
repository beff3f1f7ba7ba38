/**
 * Delivers the messages of a channel to the loop of an agent.
 *
 * @module
 */

import { logUnheeded, trace, tracing } from "../../lib/base/log.ts";
import { withTurn } from "../../lib/base/turn.ts";
import { ChannelConsumer, type ClaimPlan, type ConsumerHost } from "./consumer.ts";
import { logger } from "./log.ts";
import type { QueueObserver } from "./observer.ts";
import { toDelivery } from "./records.ts";
import type { DeliveryRecord, SubscribeOptions, Subscription } from "./types.ts";

/** What a subscription needs to know of its queue. */
export interface SubscriptionHost extends ConsumerHost {
  readonly observer: QueueObserver;
}

/** A subscription on any store. */
export class QueueSubscription<T> implements Subscription<T> {
  readonly ready: Promise<void>;
  readonly #host: SubscriptionHost;
  readonly #channel: string;
  readonly #agentId: string;
  readonly #consumer: ChannelConsumer;
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    host: SubscriptionHost,
    channel: string,
    agentId: string,
    options: SubscribeOptions,
  ) {
    this.#host = host;
    this.#channel = channel;
    this.#agentId = agentId;
    logUnheeded();
    const { prefetch = 1 } = options;
    this.#consumer = new ChannelConsumer(host, {
      channel,
      agentId,
      from: options.from ?? "now",
      limiter: options.limiter,
      plan: prefetching(prefetch),
      // A loop that is behind by a turn would send what is published now through the store.
      room: () => prefetch > 1 ? 2 * prefetch : 1,
      mayOverlap: prefetch > 1,
      onGap: options.onGap,
    });
    this.ready = this.#consumer.ready;
    this.#heed(options.signal);
  }

  #heed(signal: AbortSignal | undefined): void {
    if (signal === undefined) return;
    const onAbort = () => void this.end();
    signal.addEventListener("abort", onAbort, { once: true });
    void this.cleared.then(() => signal.removeEventListener("abort", onAbort));
    if (signal.aborted) onAbort();
  }

  get missed(): number {
    return this.#consumer.missed;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Calls wait for each other, so that each of them returns another message. */
  next(): Promise<IteratorResult<DeliveryRecord<T>>> {
    const { observer } = this.#host;
    return observer.next(this.#channel, this.#agentId, () => this.#nextInOrder());
  }

  #nextInOrder(): Promise<IteratorResult<DeliveryRecord<T>>> {
    const result = this.#last.then(() => withTurn(() => this.#next()));
    this.#last = result.catch(() => {});
    return result;
  }

  async #next(): Promise<IteratorResult<DeliveryRecord<T>>> {
    const delivery = await this.#consumer.next();
    if (delivery === undefined) return { done: true, value: undefined };
    if (tracing) trace(`received message ${delivery.id} of channel "${this.#channel}"`);
    const names = { channel: this.#channel, agentId: this.#agentId };
    logger.debug("message_received", { ...names, messageId: delivery.id });
    return { done: false, value: toDelivery<T>(delivery, this.#agentId) };
  }

  async return(): Promise<IteratorResult<DeliveryRecord<T>>> {
    await this.end();
    return { done: true, value: undefined };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }

  /**
   * Ends the subscription, and releases the messages that were not yielded. Waits for that, but not long for
   * a server that is away.
   */
  end(): Promise<void> {
    return this.#consumer.end();
  }

  /** Settles when nothing of a subscription that has ended is left to do. */
  get cleared(): Promise<void> {
    return this.#consumer.cleared;
  }
}

/** Claims up to `limit` messages from each receiver, so that the best of all of them comes first. */
function prefetching(limit: number): ClaimPlan {
  return (empty, claim) => Promise.allSettled(empty.map((receiver) => claim(receiver, limit)));
}
