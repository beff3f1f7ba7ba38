/**
 * A receiver that reports what it does to an instrumentation, with the senders of the messages.
 *
 * @module
 */

import { ShmClosedError } from "../base/errors.ts";
import { GuardedInstrumentation } from "../base/guarded_instrumentation.ts";
import {
  type Instrumentation,
  type MessageOperation,
  type MessageOrigin,
  type ReceiveOperation,
  runReceive,
  runReceiveAsync,
} from "../base/instrumentation.ts";
import { NONE, type None } from "../base/none.ts";
import type { TimeoutOptions, WaitOptions } from "../base/options.ts";
import type { MessageView, ReceiverApi } from "../channel/receiver_api.ts";
import type { MessageReader } from "../channel/record_run.ts";
import { originOf, type ReceivedMessage, unpackMessage } from "./received_message.ts";

/** Receives as its receiver does. */
export class InstrumentedReceiver<T> implements ReceiverApi<T> {
  readonly #receiver: ReceiverApi<T>;
  readonly #destination: string;
  readonly #instrumentation: Instrumentation;
  readonly #operation: MessageOperation;
  readonly #one: ReceiveOperation<{ readonly origin: MessageOrigin } | None>;
  readonly #batch: ReceiveOperation<readonly { readonly origin: MessageOrigin }[]>;

  constructor(receiver: ReceiverApi<T>, destination: string, instrumentation: Instrumentation) {
    this.#receiver = receiver;
    this.#destination = destination;
    this.#instrumentation = new GuardedInstrumentation(instrumentation);
    this.#operation = { name: "receive", type: "receive", kind: "client", destination };
    this.#one = {
      operation: this.#operation,
      originsOf: (message) => message === NONE ? [] : [message.origin.headers],
    };
    this.#batch = {
      operation: this.#operation,
      isBatch: true,
      originsOf: (messages) => messages.map(({ origin }) => origin.headers),
    };
    receiver.enableHeaders();
  }

  #unpack(raw: T): ReceivedMessage<T> {
    return unpackMessage(raw, this.#destination, this.#instrumentation);
  }

  tryReceive(): T | None {
    const message = runReceive<ReceivedMessage<T> | None>(this.#instrumentation, this.#one, () => {
      const raw = this.#receiver.tryReceive();
      return raw === NONE ? NONE : this.#unpack(raw);
    });
    return message === NONE ? NONE : message.value;
  }

  receiveSync(options: TimeoutOptions | undefined): T {
    const call = () => this.#unpack(this.#receiver.receiveSync(options));
    return runReceive<ReceivedMessage<T>>(this.#instrumentation, this.#one, call).value;
  }

  async receive(options: WaitOptions | undefined): Promise<T> {
    return (await this.receiveMessage(options)).value;
  }

  /** Receives a value with its origin. */
  async receiveMessage(options: WaitOptions | undefined): Promise<ReceivedMessage<T>> {
    const isEnd = (error: unknown) => error instanceof ShmClosedError || !!options?.signal?.aborted;
    const call = async () => this.#unpack(await this.#receiver.receive(options));
    return await runReceiveAsync<ReceivedMessage<T>>(
      this.#instrumentation,
      { ...this.#one, isEnd },
      call,
    );
  }

  drain(limit: number): T[] {
    const messages = runReceive<readonly ReceivedMessage<T>[]>(
      this.#instrumentation,
      this.#batch,
      () => this.#receiver.drain(limit).map((raw) => this.#unpack(raw)),
    );
    return messages.map(({ value }) => value);
  }

  tryReceiveInto(target: Uint8Array): number {
    return this.#receiveInto(target, () => this.#receiver.tryReceiveInto(target));
  }

  receiveIntoSync(target: Uint8Array, options: TimeoutOptions | undefined): number {
    return this.#receiveInto(target, () => this.#receiver.receiveIntoSync(target, options));
  }

  #receiveInto(target: Uint8Array, call: () => number): number {
    let length = -1;
    runReceive(this.#instrumentation, this.#one, () => {
      length = call();
      return length < 0 ? NONE : this.#reportReceived(target);
    });
    return length;
  }

  readMany(reader: MessageReader, limit: number): number {
    let count = 0;
    runReceive(this.#instrumentation, this.#batch, () => {
      const received: { readonly origin: MessageOrigin }[] = [];
      count = this.#receiver.readMany((bytes, offset, length) => {
        received.push(this.#reportReceived(bytes));
        reader(bytes, offset, length);
      }, limit);
      return received;
    });
    return count;
  }

  tryReceiveView(): MessageView | undefined {
    let view: MessageView | undefined;
    runReceive(this.#instrumentation, this.#one, () => {
      view = this.#receiver.tryReceiveView();
      return view === undefined ? NONE : this.#reportReceived(view);
    });
    return view;
  }

  /** Reports the object that holds the message which was received last. */
  #reportReceived(holder: object): { readonly origin: MessageOrigin } {
    const origin = originOf(this.#receiver.header, this.#destination);
    this.#instrumentation.received(holder, origin);
    return { origin };
  }

  get header(): string | undefined {
    return this.#receiver.header;
  }

  get topic(): string | undefined {
    return this.#receiver.topic;
  }

  get isReady(): boolean {
    return this.#receiver.isReady;
  }

  get missed(): number {
    return this.#receiver.missed;
  }

  enableHeaders(): void {
    this.#receiver.enableHeaders();
  }

  abortWaits(error: unknown): void {
    this.#receiver.abortWaits(error);
  }
}
