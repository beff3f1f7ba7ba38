/**
 * Messages that have to be acknowledged.
 *
 * @module
 */

import type { Attachment } from "./attachment.ts";
import { ShmClosedError } from "../base/errors.ts";

/**
 * A message that its puller holds until it says what became of it. Disposing one of which nothing was
 * said gives it back, so that `using` does when its block throws.
 */
export interface Delivery<T> extends Disposable {
  /** The message. */
  readonly value: T;
  /**
   * Times it was handed out, this one included: 1 for the first, up to 65,535. From 2 on somebody may
   * have worked on it before.
   */
  readonly deliveries: number;
  /**
   * Says that it is done: nobody gets it again.
   *
   * @throws {TypeError} if it was acknowledged or given back already
   * @throws {ShmClosedError} if the puller was closed, which gave it back
   */
  ack(): void;
  /**
   * Gives it back: another puller gets it, or the same one if no other waits.
   *
   * @throws {TypeError} if it was acknowledged or given back already
   * @throws {ShmClosedError} if the puller was closed, which gave it back
   */
  nack(): void;
}

/** What becomes of a held message. */
export interface Settler {
  /** Frees its place. */
  acknowledge(slot: number): void;
  /** Gives it to everyone. */
  nack(slot: number): void;
}

/** A message in a place on a shelf. */
export class LeasedDelivery<T> implements Delivery<T> {
  readonly value: T;
  readonly deliveries: number;
  readonly #attachment: Attachment;
  readonly #settler: Settler;
  readonly #slot: number;
  #outcome: "acknowledged" | "given back" | undefined;

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
    this.#checkOpen("acknowledge");
    this.#outcome = "acknowledged";
    this.#settler.acknowledge(this.#slot);
  }

  nack(): void {
    this.#checkOpen("give back");
    this.#outcome = "given back";
    this.#settler.nack(this.#slot);
  }

  #checkOpen(what: string): void {
    const { name, isClosed } = this.#attachment;
    if (this.#outcome !== undefined) {
      throw new TypeError(
        `cannot ${what} a message of channel "${name}": it was ${this.#outcome} already; call ack() or ` +
          `nack() once`,
      );
    }
    if (isClosed) {
      throw new ShmClosedError(
        `cannot ${what} a message of channel "${name}": its puller is closed, which gave the message ` +
          `back; another puller gets it`,
      );
    }
  }

  [Symbol.dispose](): void {
    if (this.#outcome === undefined && !this.#attachment.isClosed) this.nack();
  }
}
