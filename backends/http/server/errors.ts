/**
 * Errors of requests, and their status.
 *
 * @module
 */

import { RingbusError } from "../../../lib/base/errors.ts";
import {
  InvalidInputError,
  StoreError,
  StoreFullError,
  SubscriptionLimitError,
  WrongTypeError,
} from "../../store/errors.ts";

/**
 * A request that is rejected, and the status of its response.
 *
 * @internal
 */
export class HttpError extends RingbusError {
  override name = "HttpError";
  /** Stable code of the class. */
  override readonly code: string = "http-rejected";
  readonly status: number;
  readonly headers: Record<string, string>;

  constructor(status: number, message: string, headers: Record<string, string> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

const STATUS_OF = new Map<unknown, number>([
  [InvalidInputError, 400],
  [WrongTypeError, 409],
  [StoreFullError, 413],
  [SubscriptionLimitError, 429],
]);

/** The error of a response for a call that the store rejects; undefined for a defect of the server. */
export function toHttpError(error: unknown): HttpError | undefined {
  if (error instanceof HttpError) return error;
  if (!(error instanceof StoreError)) return undefined;
  return new HttpError(STATUS_OF.get(error.constructor)!, error.message);
}
