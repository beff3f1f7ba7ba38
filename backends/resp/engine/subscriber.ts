/**
 * The subscriptions of one client, and what they bring.
 *
 * @module
 */

import { bytesOfText, textOfBytes } from "../../store/byte_string.ts";
import {
  type Delivery,
  Subscription,
  type SubscriptionQueueOptions,
} from "../../store/subscription.ts";
import type { Subscriptions } from "../../store/subscriptions.ts";
import { byteStringOf, storedOf } from "../../store/value.ts";
import { PushReply } from "../protocol/reply.ts";

/** Where subscriptions are kept, and what their messages are called. */
export interface Channels {
  readonly subscriptions: Subscriptions;
  readonly message: string;
}

/** The subscriptions of a client to the channels of one kind. Names are byte strings. */
export class ChannelSubscriber {
  readonly #channels: Channels;
  readonly #subscription: Subscription;

  constructor(channels: Channels, options: SubscriptionQueueOptions) {
    this.#channels = channels;
    this.#subscription = new Subscription(options);
  }

  /** Number of channels and patterns. */
  get count(): number {
    return this.#subscription.topics.size + this.#subscription.patterns.size;
  }

  /** Number of messages that wait. */
  get pending(): number {
    return this.#subscription.length;
  }

  /** True after its queue was full. */
  get isDisconnected(): boolean {
    return this.#subscription.isDisconnected;
  }

  /** Names of its channels. */
  get channels(): string[] {
    return [...this.#subscription.topics].map(bytesOfText);
  }

  /** Its patterns. */
  get patterns(): string[] {
    return [...this.#subscription.patterns].map(bytesOfText);
  }

  subscribe(name: string): void {
    this.#channels.subscriptions.subscribe(this.#subscription, textOfBytes(name));
  }

  unsubscribe(name: string): void {
    this.#channels.subscriptions.unsubscribe(this.#subscription, textOfBytes(name));
  }

  psubscribe(pattern: string): void {
    this.#channels.subscriptions.psubscribe(this.#subscription, textOfBytes(pattern));
  }

  punsubscribe(pattern: string): void {
    this.#channels.subscriptions.punsubscribe(this.#subscription, textOfBytes(pattern));
  }

  /** Removes and returns the oldest message. */
  shift(): PushReply | undefined {
    const delivery = this.#subscription.shift();
    return delivery && this.#pushOf(delivery);
  }

  #pushOf(delivery: Delivery): PushReply {
    const { topic, pattern } = delivery;
    const { message } = this.#channels;
    const place = pattern === undefined ? [message] : [`p${message}`, bytesOfText(pattern)];
    return new PushReply([...place, bytesOfText(topic), payloadOf(delivery)]);
  }

  /** Ends all of them. */
  close(): void {
    this.#channels.subscriptions.remove(this.#subscription);
  }
}

function payloadOf(delivery: Delivery): string {
  return delivery.kind === "stored"
    ? bytesOfText(delivery.message.text)
    : byteStringOf(storedOf(delivery.value));
}
