/**
 * What the store refuses. A front turns each class into what its protocol has for it.
 *
 * @module
 */

import { RingbusError } from "../../lib/base/errors.ts";

/** Base of what the store refuses. */
export class StoreError extends RingbusError {
  /** The class name. */
  override name = "StoreError";
  /** Stable code of the class. */
  override readonly code: string = "store-error";
}

/** A name, a message, a number or a pattern that cannot be right. */
export class InvalidInputError extends StoreError {
  /** The class name. */
  override name = "InvalidInputError";
  /** Stable code of the class. */
  override readonly code: string = "store-invalid-input";
}

/** A key holds another kind of value than the command is for. */
export class WrongTypeError extends StoreError {
  /** The class name. */
  override name = "WrongTypeError";
  /** Stable code of the class. */
  override readonly code: string = "store-wrong-type";
}

/** There is no room within `maxBytes`, and no message is left that could make room. */
export class StoreFullError extends StoreError {
  /** The class name. */
  override name = "StoreFullError";
  /** Stable code of the class. */
  override readonly code: string = "store-full";
}

/** A subscriber asks for more subscriptions than one may have. */
export class SubscriptionLimitError extends StoreError {
  /** The class name. */
  override name = "SubscriptionLimitError";
  /** Stable code of the class. */
  override readonly code: string = "store-subscription-limit";
}
