/**
 * The interface through which sockets, messaging backends and message queues report what they do. The
 * entry point `./otel` implements it with OpenTelemetry spans.
 *
 * @module
 */

import { monotonicNow } from "./clock.ts";
import type { ContextHeaders } from "./context_headers.ts";

/** One operation on messages. */
export interface MessageOperation {
  /** Name of the operation, such as `"send"`, `"store"` or `"ack"`. */
  readonly name: string;
  /** What the operation does with messages. */
  readonly type: "send" | "receive" | "process" | "settle";
  /**
   * Role of this side: a producer creates a message, a consumer processes one, a server processes a
   * request, a client calls something else.
   */
  readonly kind: "producer" | "consumer" | "client" | "server";
  /** Channel or topic. Empty if the caller does not know it. */
  readonly destination: string;
  /** Id of the message, if it has one. */
  readonly messageId?: string | undefined;
  /** Further attributes, by the names of OpenTelemetry's semantic conventions. */
  readonly attributes?: Readonly<Record<string, string | number>> | undefined;
  /** Headers of the messages that the operation is about, one entry a message. */
  readonly origins?: Origins | undefined;
  /** Start of the operation, in milliseconds of the Unix epoch with fractions. Default: now. */
  readonly startMs?: number | undefined;
}

/** Headers of messages, one entry a message. Undefined for a message without headers. */
export type Origins = readonly (ContextHeaders | undefined)[];

/** How an operation ended. */
export interface OperationResult {
  /** Number of messages, for an operation on a batch. */
  readonly messageCount?: number;
  /** Headers of the messages that the operation received. */
  readonly origins?: Origins;
  /** True if the ring was full, so that not all messages were accepted. */
  readonly isFull?: boolean;
  /** True if the caller aborted the operation: a loan that was not committed. */
  readonly isAborted?: boolean;
}

/** An operation that has begun. Call `end` or `fail` once. */
export interface OngoingOperation {
  /** Headers for the messages that the operation sends. Undefined if there is no trace and no baggage. */
  readonly headers: ContextHeaders | undefined;
  /** Calls a function with the operation as the active one. */
  run<R>(call: () => R): R;
  /** Ends the operation. */
  end(result?: OperationResult): void;
  /** Ends the operation with an error. */
  fail(error: unknown): void;
}

/** The source of a message that was received. */
export interface MessageOrigin {
  /** Headers of the message. */
  readonly headers: ContextHeaders | undefined;
  /** Channel or topic. */
  readonly destination: string;
  /** Id of the message, if it has one. */
  readonly messageId?: string;
}

/**
 * Observes operations on messages, and supplies the headers that travel with them. Pass one as the
 * option `instrumentation` of a socket, a messaging backend or a message queue.
 *
 * `otelInstrumentation` of `./otel` is one. What a class of your own throws is logged and counted by
 * `failuresAfterCommit()`. It is no error of the call that it observes: the message may be sent already.
 */
export interface Instrumentation {
  /**
   * Begins an operation. The parent of a `"process"` operation is the message's sender. Every other
   * operation belongs to the active context, or else to the context of its one message.
   */
  begin(operation: MessageOperation): OngoingOperation;
  /** Called with each object that a receiver returns: a value, a delivery, or the buffer it is in. */
  received(value: object, origin: MessageOrigin): void;
  /** Headers of the active context, for a call to a server. `protocol` carries the call. */
  callHeaders(protocol: "http" | "line"): ContextHeaders | undefined;
}

/** Calls a function within an operation, and ends the operation with the function's result or promise. */
export function runOperation<R>(
  operation: OngoingOperation,
  call: () => R,
  resultOf?: (value: Awaited<R>) => OperationResult,
): R {
  let value: R;
  try {
    value = operation.run(call);
  } catch (error) {
    operation.fail(error);
    throw error;
  }
  if (value instanceof Promise) return endLater(operation, value, resultOf) as R;
  operation.end(resultOf?.(value as Awaited<R>));
  return value;
}

async function endLater<T>(
  operation: OngoingOperation,
  promise: Promise<T>,
  resultOf: ((value: Awaited<T>) => OperationResult) | undefined,
): Promise<T> {
  let value: Awaited<T>;
  try {
    value = await promise;
  } catch (error) {
    operation.fail(error);
    throw error;
  }
  operation.end(resultOf?.(value));
  return value;
}

/** A way to receive messages. */
export interface ReceiveOperation<T> {
  readonly operation: MessageOperation;
  /** True if the result can hold many messages. */
  readonly isBatch?: boolean;
  /** Headers of the messages in a result. Empty if no message was received. */
  originsOf(result: T): Origins;
  /** True for an error that ends the wait and is no failure, such as an aborted signal. */
  isEnd?(error: unknown): boolean;
}

/**
 * Receives, and reports the operation afterwards. Nothing is reported while a receiver waits, so that a
 * wait without an end leaves no operation open, and nothing when no message arrived.
 */
export function runReceive<T>(
  instrumentation: Instrumentation,
  receiving: ReceiveOperation<T>,
  call: () => T,
): T {
  const startMs = monotonicNow();
  let result: T;
  try {
    result = call();
  } catch (error) {
    reportFailure(instrumentation, receiving, startMs, error);
    throw error;
  }
  reportReceived(instrumentation, receiving, startMs, result);
  return result;
}

/** As `runReceive`, for a receiver that waits in the event loop. */
export async function runReceiveAsync<T>(
  instrumentation: Instrumentation,
  receiving: ReceiveOperation<T>,
  call: () => Promise<T>,
): Promise<T> {
  const startMs = monotonicNow();
  let result: T;
  try {
    result = await call();
  } catch (error) {
    reportFailure(instrumentation, receiving, startMs, error);
    throw error;
  }
  reportReceived(instrumentation, receiving, startMs, result);
  return result;
}

function reportReceived<T>(
  instrumentation: Instrumentation,
  { operation, isBatch, originsOf }: ReceiveOperation<T>,
  startMs: number,
  result: T,
): void {
  const origins = originsOf(result);
  if (origins.length === 0) return;
  const ongoing = instrumentation.begin({ ...operation, startMs, origins });
  ongoing.end(isBatch ? { messageCount: origins.length } : {});
}

function reportFailure(
  instrumentation: Instrumentation,
  { operation, isEnd }: Pick<ReceiveOperation<never>, "operation" | "isEnd">,
  startMs: number,
  error: unknown,
): void {
  if (isEnd?.(error)) return;
  instrumentation.begin({ ...operation, startMs }).fail(error);
}
