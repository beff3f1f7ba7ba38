/**
 * Messages that have to be acknowledged.
 *
 * @module
 */

import type { Attachment } from "./attachment.ts";
import { ShmClosedError } from "../base/errors.ts";
import { checkNoMore } from "../base/checks.ts";
import { durationMs } from "../base/option_checks.ts";
import { OptionRules } from "../base/option_rules.ts";

/** Options of `nack`. */
export interface NackOptions {
  /** Milliseconds until the message may be delivered again. Default: 0. */
  delayMs?: number;
}

const NACK_OPTIONS = new OptionRules<NackOptions>("nack()", { delayMs: durationMs });

/**
 * A message that its puller holds until it calls `ack()` or `nack()`. Disposing a delivery that was not
 * settled returns the message, so `using` returns it when its block throws.
 */
export interface Delivery<T> extends Disposable {
  /** The message. */
  readonly value: T;
  /**
   * How often the message was delivered, this delivery included: from 1 to 65,535. From 2 on, a puller may
   * have worked on it before.
   */
  readonly deliveries: number;
  /**
   * Marks the message as done: it is not delivered again.
   *
   * @throws {TypeError} if the message was acknowledged or returned already
   * @throws {ShmClosedError} if the puller was closed, which returned the message
   */
  ack(): void;
  /**
   * Returns the message behind those that wait: another puller receives it, or the same one if no other
   * waits. With `delayMs` no puller receives it before that, unless this puller closes or dies.
   *
   * @throws {TypeError} if an option is unknown
   * @throws {RangeError} if `delayMs` is not a finite number, at least 0
   * @throws {TypeError} if the message was acknowledged or returned already
   * @throws {ShmClosedError} if the puller was closed, which returned the message
   */
  nack(options?: NackOptions): void;
}

/** How a lease ends. */
export interface Settler {
  /** Frees the slot. */
  acknowledge(slot: number): void;
  /** Returns the message after `delayMs`. */
  nack(slot: number, delayMs: number): void;
}

/** A message in a lease slot. */
export class LeasedDelivery<T> implements Delivery<T> {
  readonly value: T;
  readonly deliveries: number;
  readonly #attachment: Attachment;
  readonly #settler: Settler;
  readonly #slot: number;
  #outcome: "acknowledged" | "returned" | undefined;

  constructor(
    value: T,
    deliveries: number,
    slot: number,
    attachment: Attachment,
    settler: Settler,
  ) {
    this.value = value;
    this.deliveries = deliveries;
    this.#slot = slot;
    this.#attachment = attachment;
    this.#settler = settler;
  }

  ack(): void {
    if (arguments.length > 0) checkNoMore("ack()", arguments, 0, "nack()");
    this.#checkOpen("acknowledge");
    this.#outcome = "acknowledged";
    this.#settler.acknowledge(this.#slot);
  }

  nack(options: NackOptions = {}): void {
    NACK_OPTIONS.check(options, arguments[1]);
    this.#checkOpen("return");
    this.#outcome = "returned";
    this.#settler.nack(this.#slot, options.delayMs ?? 0);
  }

  #checkOpen(what: string): void {
    const { name, hasLeft } = this.#attachment;
    if (this.#outcome !== undefined) {
      throw new TypeError(
        `cannot ${what} a message of channel "${name}": it was ${this.#outcome} already; call ack() or ` +
          `nack() once`,
      );
    }
    if (hasLeft) {
      throw new ShmClosedError(
        `cannot ${what} a message of channel "${name}": its puller is closed, which returned the ` +
          `message; another puller receives it`,
      );
    }
  }

  [Symbol.dispose](): void {
    if (this.#outcome === undefined && !this.#attachment.hasLeft) this.nack();
  }
}
