/**
 * A sender that reports what it does to an instrumentation, and sends the context with each message.
 *
 * @module
 */

import { formatContextHeaders } from "../base/context_headers.ts";
import { GuardedInstrumentation } from "../base/guarded_instrumentation.ts";
import {
  type Instrumentation,
  type OngoingOperation,
  type OperationResult,
  runOperation,
} from "../base/instrumentation.ts";
import type { TimeoutOptions, WaitOptions } from "../base/options.ts";
import { WithHeader } from "../channel/headers.ts";
import type { Sender } from "../channel/sender.ts";
import type { Loan } from "../channel/loan.ts";
import { PackedMessages } from "../channel/packed_messages.ts";
import type { SenderApi } from "../channel/sender_api.ts";
import type { TopicWords } from "../channel/topics.ts";

/** Sends as its sender does. */
export class InstrumentedSender implements SenderApi {
  readonly #sender: Sender;
  readonly #destination: string;
  readonly #instrumentation: Instrumentation;

  constructor(sender: Sender, destination: string, instrumentation: Instrumentation) {
    this.#sender = sender;
    this.#destination = destination;
    this.#instrumentation = new GuardedInstrumentation(instrumentation);
    sender.enableHeaders();
  }

  #begin(): OngoingOperation {
    const destination = this.#destination;
    return this.#instrumentation.begin({
      name: "send",
      type: "send",
      kind: "producer",
      destination,
    });
  }

  send(value: unknown): boolean {
    const operation = this.#begin();
    const call = () => this.#sender.send(withHeaderOf(operation, value));
    return runOperation(operation, call, (isSent) => ({ isFull: !isSent }));
  }

  sendWithTopic(value: unknown, topic: TopicWords): boolean {
    const operation = this.#begin();
    const call = () => this.#sender.sendWithTopic(withHeaderOf(operation, value), topic);
    return runOperation(operation, call, (isSent) => ({ isFull: !isSent }));
  }

  sendSync(value: unknown, options: TimeoutOptions | undefined, topic?: TopicWords): void {
    const operation = this.#begin();
    const call = () => this.#sender.sendSync(withHeaderOf(operation, value), options, topic);
    runOperation(operation, call);
  }

  sendAsync(
    value: unknown,
    options: WaitOptions | undefined,
    topic?: TopicWords,
  ): Promise<void> {
    const operation = this.#begin();
    const call = () => this.#sender.sendAsync(withHeaderOf(operation, value), options, topic);
    return runOperation(operation, call);
  }

  sendMany(values: Iterable<unknown>, topic?: TopicWords): number {
    const operation = this.#begin();
    let offered = 0;
    const carrying = Iterator.from(values).map((value) => {
      offered++;
      return withHeaderOf(operation, value);
    });
    return runOperation(
      operation,
      () => this.#sender.sendMany(carrying, topic),
      (accepted) => ({ messageCount: accepted, isFull: accepted < offered }),
    );
  }

  sendPacked(bytes: Uint8Array, lengths: ArrayLike<number>, topic?: TopicWords): number {
    return this.sendMany(new PackedMessages(bytes, lengths), topic);
  }

  /** The operation lasts until the loan is committed or aborted. */
  loan(byteLength: number, topic?: TopicWords): Loan | undefined {
    const operation = this.#begin();
    let loan: Loan | undefined;
    try {
      loan = this.#sender.loan(byteLength, topic, headerOf(operation));
    } catch (error) {
      operation.fail(error);
      throw error;
    }
    if (loan !== undefined) return new InstrumentedLoan(loan, operation);
    operation.end({ isFull: true });
    return undefined;
  }

  enableHeaders(): void {
    this.#sender.enableHeaders();
  }

  abortWaits(error: unknown): void {
    this.#sender.abortWaits(error);
  }
}

/** A loan whose end is the end of an operation. */
class InstrumentedLoan implements Loan {
  readonly bytes: Uint8Array<ArrayBufferLike>;
  readonly #loan: Loan;
  #operation: OngoingOperation | undefined;

  constructor(loan: Loan, operation: OngoingOperation) {
    this.bytes = loan.bytes;
    this.#loan = loan;
    this.#operation = operation;
  }

  commit(): void {
    try {
      this.#loan.commit();
    } catch (error) {
      this.#operation?.fail(error);
      this.#operation = undefined;
      throw error;
    }
    this.#end({});
  }

  abort(): void {
    this.#loan.abort();
    this.#end({ isAborted: true });
  }

  [Symbol.dispose](): void {
    this.#loan[Symbol.dispose]();
    this.#end({ isAborted: true });
  }

  #end(result: OperationResult): void {
    this.#operation?.end(result);
    this.#operation = undefined;
  }
}

/** The header text of an operation's messages. */
export function headerOf({ headers }: OngoingOperation): string | undefined {
  return headers && formatContextHeaders(headers);
}

/** A value that carries the headers of an operation, if it has any. */
export function withHeaderOf(operation: OngoingOperation, value: unknown): unknown {
  const header = headerOf(operation);
  return header === undefined ? value : new WithHeader(value, header);
}
