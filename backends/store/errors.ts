/**
 * Errors of the store: calls that it rejects. Each server maps the classes to its protocol.
 *
 * @module
 */

import { RingbusError } from "../../lib/base/errors.ts";

/** Base of the errors of the store. */
export class StoreError extends RingbusError {
  /** The class name. */
  override name = "StoreError";
  /** Stable code of the class. */
  override readonly code: string = "store-error";
}

/** A name, a message, a number or a pattern is invalid. */
export class InvalidInputError extends StoreError {
  /** The class name. */
  override name = "InvalidInputError";
  /** Stable code of the class. */
  override readonly code: string = "store-invalid-input";
}

/** The value of a key is of another kind than the call is for. */
export class WrongTypeError extends StoreError {
  /** The class name. */
  override name = "WrongTypeError";
  /** Stable code of the class. */
  override readonly code: string = "store-wrong-type";
}

/** `maxBytes` is exceeded, and no message is left to evict. */
export class StoreFullError extends StoreError {
  /** The class name. */
  override name = "StoreFullError";
  /** Stable code of the class. */
  override readonly code: string = "store-full";
}

/** A subscriber has the maximum number of subscriptions. */
export class SubscriptionLimitError extends StoreError {
  /** The class name. */
  override name = "SubscriptionLimitError";
  /** Stable code of the class. */
  override readonly code: string = "store-subscription-limit";
}
