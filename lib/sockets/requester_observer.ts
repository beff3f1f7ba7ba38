/**
 * Reports what a requester does to its instrumentation.
 *
 * @module
 */

import type { ContextHeaders } from "../base/context_headers.ts";
import { GuardedInstrumentation } from "../base/guarded_instrumentation.ts";
import {
  type Instrumentation,
  type MessageOperation,
  type OngoingOperation,
  runOperation,
  runReceive,
  runReceiveAsync,
} from "../base/instrumentation.ts";
import { withHeaderOf } from "./instrumented_sender.ts";

/** Observes one requester. */
export class RequesterObserver<Q, R> {
  readonly #instrumentation: Instrumentation;
  readonly #destination: string;

  constructor(instrumentation: Instrumentation, destination: string) {
    this.#instrumentation = new GuardedInstrumentation(instrumentation);
    this.#destination = destination;
  }

  #begin(name: string, kind: MessageOperation["kind"]): OngoingOperation {
    const destination = this.#destination;
    return this.#instrumentation.begin({ name, type: "send", kind, destination });
  }

  /** Sends a request and receives its reply, in one operation. `call` gets the value to send. */
  request<P>(value: Q, call: (value: Q) => P): P {
    const operation = this.#begin("request", "client");
    return runOperation(operation, () => call(withHeaderOf(operation, value) as Q));
  }

  /** Receives a stream, in one operation from its request to its end. `call` gets the value to send. */
  async *stream<P, T>(
    value: Q,
    call: (value: Q) => AsyncGenerator<P, T, undefined>,
  ): AsyncGenerator<P, T, undefined> {
    const operation = this.#begin("stream", "client");
    let failure: { error: unknown } | undefined;
    try {
      return yield* call(withHeaderOf(operation, value) as Q);
    } catch (error) {
      failure = { error };
      throw error;
    } finally {
      if (failure === undefined) operation.end();
      else operation.fail(failure.error);
    }
  }

  /** Sends a request. `call` gets the value to send, and the headers that it carries. */
  send(value: Q, call: (value: Q, headers: ContextHeaders | undefined) => boolean): boolean {
    const operation = this.#begin("send", "producer");
    return runOperation(
      operation,
      () => call(withHeaderOf(operation, value) as Q, operation.headers),
      (isSent) => ({ isFull: !isSent }),
    );
  }

  /** Receives a reply. `headersOf` returns those of the reply, once it is received. */
  receive(headersOf: () => ContextHeaders | undefined, call: () => R): R {
    return runReceive(this.#instrumentation, this.#receiving(headersOf), call);
  }

  /** As `receive`, waiting in the event loop. */
  receiveAsync(
    headersOf: () => ContextHeaders | undefined,
    call: () => Promise<R>,
  ): Promise<R> {
    return runReceiveAsync(this.#instrumentation, this.#receiving(headersOf), call);
  }

  #receiving(headersOf: () => ContextHeaders | undefined) {
    const operation: MessageOperation = {
      name: "receive",
      type: "receive",
      kind: "client",
      destination: this.#destination,
    };
    return { operation, originsOf: () => [headersOf()] };
  }

  /** Reports where a reply came from. */
  received(value: R, headers: ContextHeaders | undefined): void {
    if (typeof value !== "object" || value === null) return;
    this.#instrumentation.received(value, { headers, destination: this.#destination });
  }
}
