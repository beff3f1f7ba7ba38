/**
 * Reports what a replier does to its instrumentation.
 *
 * @module
 */

import type { ContextHeaders } from "../base/context_headers.ts";
import { GuardedInstrumentation } from "../base/guarded_instrumentation.ts";
import {
  type Instrumentation,
  type MessageOperation,
  type OngoingOperation,
  type ReceiveOperation,
  runOperation,
  runReceive,
  runReceiveAsync,
} from "../base/instrumentation.ts";
import { NONE, type None } from "../base/none.ts";
import { withHeaderOf } from "./instrumented_sender.ts";
import { type ReceivedMessage, unpackMessage } from "./received_message.ts";

/** Observes one replier. */
export class ReplierObserver<Q, R> {
  readonly #instrumentation: Instrumentation;
  readonly #destination: string;
  /** Headers of the request that was received last. */
  #currentHeaders: ContextHeaders | undefined;

  constructor(instrumentation: Instrumentation, destination: string) {
    this.#instrumentation = new GuardedInstrumentation(instrumentation);
    this.#destination = destination;
  }

  #unpack(raw: Q): ReceivedMessage<Q> {
    const message = unpackMessage(raw, this.#destination, this.#instrumentation);
    this.#currentHeaders = message.origin.headers;
    return message;
  }

  get #receiving() {
    const operation: MessageOperation = {
      name: "receive",
      type: "receive",
      kind: "client",
      destination: this.#destination,
    };
    return {
      operation,
      originsOf: (message: ReceivedMessage<Q> | None) =>
        message === NONE ? [] : [message.origin.headers],
    };
  }

  /** Receives a request; `NONE` when there is none. */
  receive(call: () => Q | None): Q | None {
    const message = runReceive(this.#instrumentation, this.#receiving, () => {
      const raw = call();
      return raw === NONE ? NONE : this.#unpack(raw);
    });
    return message === NONE ? NONE : message.value;
  }

  /** As `receive`, waiting in the event loop. */
  async receiveAsync(call: () => Promise<Q>): Promise<Q> {
    const unpacked = async () => this.#unpack(await call());
    const receiving: ReceiveOperation<ReceivedMessage<Q>> = this.#receiving;
    return (await runReceiveAsync(this.#instrumentation, receiving, unpacked)).value;
  }

  /** Replies to the request that was received last. `call` gets the value to send. */
  reply(value: R, call: (value: R) => boolean): boolean {
    const operation = this.#instrumentation.begin({
      name: "reply",
      type: "send",
      kind: "producer",
      destination: this.#destination,
      origins: [this.#currentHeaders],
    });
    return runOperation(operation, () => call(withHeaderOf(operation, value) as R));
  }

  /** Calls the handler of a request; the reply carries the context in which the handler ran. */
  async process(raw: Q, handler: (request: Q) => R | Promise<R>): Promise<R> {
    const { value, origin } = unpackMessage(raw, this.#destination, this.#instrumentation);
    const operation: OngoingOperation = this.#instrumentation.begin({
      name: "process",
      type: "process",
      kind: "server",
      destination: this.#destination,
      origins: [origin.headers],
    });
    const reply = await runOperation(operation, () => handler(value));
    return withHeaderOf(operation, reply) as R;
  }
}
