/**
 * What the store refuses. A front turns each class into what its protocol has for it.
 *
 * @module
 */

/** Base of what the store refuses. */
export class StoreError extends Error {
  /** The class name. */
  override name = "StoreError";
}

/** A name, a message, a number or a pattern that cannot be right. */
export class InvalidInputError extends StoreError {
  /** The class name. */
  override name = "InvalidInputError";
}

/** A key holds another kind of value than the command is for. */
export class WrongTypeError extends StoreError {
  /** The class name. */
  override name = "WrongTypeError";
}

/** There is no room within `maxBytes`, and no message is left that could make room. */
export class StoreFullError extends StoreError {
  /** The class name. */
  override name = "StoreFullError";
}

/** A subscriber asks for more subscriptions than one may have. */
export class SubscriptionLimitError extends StoreError {
  /** The class name. */
  override name = "SubscriptionLimitError";
}
