/**
 * Messages of instrumented sockets, taken apart into values and headers.
 *
 * @module
 */

import { checkNoMore } from "../base/checks.ts";
import { parseContextHeaders } from "../base/context_headers.ts";
import type { Instrumentation, MessageOrigin } from "../base/instrumentation.ts";
import { type Delivery, LeasedDelivery, type NackOptions } from "../channel/delivery.ts";
import { runOperation } from "../base/instrumentation.ts";
import { WithHeader } from "../channel/headers.ts";

/** A value, and where it came from. */
export interface ReceivedMessage<T> {
  readonly value: T;
  readonly origin: MessageOrigin;
}

/** Takes what a receiver with headers enabled returned apart, and reports the value's origin. */
export function unpackMessage<T>(
  raw: T,
  destination: string,
  instrumentation: Instrumentation,
): ReceivedMessage<T> {
  if (raw instanceof LeasedDelivery) {
    const { value, origin } = unpackMessage(raw.value, destination, instrumentation);
    const delivery = new InstrumentedDelivery(raw, value, origin, instrumentation);
    instrumentation.received(delivery, origin);
    return { value: delivery as T, origin };
  }
  const isPlain = !(raw instanceof WithHeader);
  const value = isPlain ? raw : raw.value;
  const origin = originOf(isPlain ? undefined : raw.header, destination);
  if (typeof value === "object" && value !== null) instrumentation.received(value, origin);
  return { value, origin };
}

/** The origin of a message with this header text. */
export function originOf(header: string | undefined, destination: string): MessageOrigin {
  return { headers: header === undefined ? undefined : parseContextHeaders(header), destination };
}

/** A delivery that reports its end. */
class InstrumentedDelivery<T> implements Delivery<T> {
  readonly value: T;
  readonly #delivery: Delivery<unknown>;
  readonly #origin: MessageOrigin;
  readonly #instrumentation: Instrumentation;
  #isSettled = false;

  constructor(
    delivery: Delivery<unknown>,
    value: T,
    origin: MessageOrigin,
    instrumentation: Instrumentation,
  ) {
    this.value = value;
    this.#delivery = delivery;
    this.#origin = origin;
    this.#instrumentation = instrumentation;
  }

  get deliveries(): number {
    return this.#delivery.deliveries;
  }

  ack(): void {
    if (arguments.length > 0) checkNoMore("ack()", arguments, 0, "nack()");
    this.#settle("ack", () => this.#delivery.ack());
  }

  nack(options?: NackOptions): void {
    this.#settle("nack", () => this.#delivery.nack(options));
  }

  [Symbol.dispose](): void {
    if (this.#isSettled) this.#delivery[Symbol.dispose]();
    else this.#settle("nack", () => this.#delivery[Symbol.dispose]());
  }

  #settle(name: "ack" | "nack", call: () => void): void {
    const { headers, destination } = this.#origin;
    const operation = this.#instrumentation.begin({
      name,
      type: "settle",
      kind: "client",
      destination,
      origins: [headers],
    });
    runOperation(operation, call);
    this.#isSettled = true;
  }
}
