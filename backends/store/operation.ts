/**
 * What an operation of the store is: one declaration, from which every transport derives its own.
 *
 * @module
 */

import type { ContextHeaders } from "../../lib/base/context_headers.ts";
import type { Arguments, ArgumentValues } from "./arguments.ts";
import type { KeyInfo, Store } from "./store.ts";
import type { StoredMessage } from "./stored_message.ts";
import type { Subscriber } from "./subscriber.ts";
import type { TopicInfo } from "./topics.ts";
import type { Value } from "./value.ts";

/** The kinds of results, and what the store returns for each. */
export interface ResultTypes {
  /** Nothing: the operation succeeded. */
  done: unknown;
  /** How many, or whether, as a number. */
  count: number;
  /** Messages in their order. */
  messages: readonly StoredMessage[];
  /** A text or other JSON, or undefined if there is none. */
  value: Value | undefined;
  values: readonly Value[];
  /** Names with values. */
  fields: readonly (readonly [name: string, value: Value])[];
  topics: readonly TopicInfo[];
  keys: readonly KeyInfo[];
}

/** A kind of result. */
export type ResultKind = keyof ResultTypes;

/** How the HTTP server offers an operation. */
export interface HttpBinding {
  readonly method: "GET" | "POST" | "DELETE";
  /** Path with parameters in braces. Other arguments are in the body of a POST, or else in the query. */
  readonly path: string;
  /** Member of the response that has the result. Messages are the response themselves. */
  readonly member?: string;
  /** Value of the member `status`, for an operation without a result. */
  readonly status?: string;
}

/** How the TCP server offers an operation. */
export interface LineBinding {
  /** Its command, in capital letters. */
  readonly command: string;
  /** The arguments that the command takes. Default: all. */
  readonly takes?: readonly string[];
  /** Its reply. A word that names an argument stands for that argument. */
  readonly reply: string;
}

interface OperationBase<A extends Arguments, Kind extends ResultKind> {
  /** Name of its records in a journal. */
  readonly name: string;
  readonly summary: string;
  /** What it does: changes the store, reads it, or concerns subscriptions. */
  readonly access: "write" | "read" | "pubsub";
  readonly arguments: A;
  readonly result: Kind;
  readonly http?: HttpBinding;
  readonly line?: LineBinding;
  /** True for an operation that members of a journal in shared memory replicate. */
  readonly isJournaled?: boolean;
  /** True for an operation that passes on the trace context and baggage of its caller. */
  readonly takesHeaders?: boolean;
}

/** An operation on the store. */
export interface StoreOperation<
  A extends Arguments = Arguments,
  Kind extends ResultKind = ResultKind,
> extends OperationBase<A, Kind> {
  readonly subscriber?: undefined;
  /** Executes it. `headers` are the trace context and baggage of the caller. */
  run(store: Store, values: ArgumentValues<A>, headers?: ContextHeaders): ResultTypes[Kind];
}

/** An operation on the subscriptions of the client that calls it. */
export interface SubscriberOperation<
  A extends Arguments = Arguments,
  Kind extends ResultKind = ResultKind,
> extends OperationBase<A, Kind> {
  /** Whether a client without subscriptions becomes a subscriber, or must be one. */
  readonly subscriber: "created" | "existing";
  /** Executes it. */
  run(subscriber: Subscriber, values: ArgumentValues<A>): ResultTypes[Kind];
}

/** An operation of the store. */
export type Operation<A extends Arguments = Arguments, Kind extends ResultKind = ResultKind> =
  | StoreOperation<A, Kind>
  | SubscriberOperation<A, Kind>;

/** Declares an operation on the store. */
export function operation<A extends Arguments, Kind extends ResultKind>(
  declaration: StoreOperation<A, Kind>,
): StoreOperation<A, Kind> {
  return declaration;
}

/** Declares an operation on the subscriptions of the calling client. */
export function subscriberOperation<A extends Arguments, Kind extends ResultKind>(
  declaration: SubscriberOperation<A, Kind>,
): SubscriberOperation<A, Kind> {
  return declaration;
}

/** The error for a declaration that a transport cannot carry out: a mistake in `operations.ts`. */
export function notCarried(transport: string, what: string): TypeError {
  return new TypeError(
    `${transport} does not carry ${what}: add it there, or change the operation's declaration`,
  );
}
