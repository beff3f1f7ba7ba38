/**
 * Reports what a queue does to its instrumentation, and carries trace contexts in the metadata of records.
 *
 * @module
 */

import { type ContextHeaders, contextHeadersOf } from "../../lib/base/context_headers.ts";
import { GuardedInstrumentation } from "../../lib/base/guarded_instrumentation.ts";
import {
  type Instrumentation,
  type MessageOperation,
  runOperation,
  runReceiveAsync,
} from "../../lib/base/instrumentation.ts";
import type { DeliveryRecord, MessageRecord, PublishOptions } from "./types.ts";

type Metadata = Record<string, unknown>;

/** Observes one queue. Without instrumentation each method just makes the call. */
export class QueueObserver {
  readonly #instrumentation: Instrumentation | undefined;

  constructor(instrumentation: Instrumentation | undefined) {
    this.#instrumentation = instrumentation && new GuardedInstrumentation(instrumentation);
  }

  /** Publishes a message, whose metadata carries the context of the operation. */
  publish<T, R>(
    options: PublishOptions<T>,
    call: (options: PublishOptions<T>) => Promise<R>,
  ): Promise<R> {
    if (this.#instrumentation === undefined) return call(options);
    const operation = this.#instrumentation.begin(sendOperation("publish", options));
    return runOperation(operation, () => call(withHeaders(options, operation.headers)));
  }

  /** Stores a record, whose metadata carries the context of the operation. */
  put(record: MessageRecord, call: (record: MessageRecord) => Promise<void>): Promise<void> {
    if (this.#instrumentation === undefined) return call(record);
    const { id } = record;
    const operation = this.#instrumentation.begin({
      ...sendOperation("put", record),
      messageId: id,
    });
    return runOperation(operation, () => call(withHeaders(record, operation.headers)));
  }

  /** Stores records in one operation. */
  putMany(
    records: readonly MessageRecord[],
    call: (records: readonly MessageRecord[]) => Promise<void>,
  ): Promise<void> {
    if (this.#instrumentation === undefined) return call(records);
    const channels = new Set(records.map(({ channel }) => channel));
    const operation = this.#instrumentation.begin({
      name: "put",
      type: "send",
      kind: "producer",
      destination: channels.size === 1 ? records[0].channel : "",
      origins: records.map(headersOf),
    });
    return runOperation(
      operation,
      () => call(records.map((record) => withHeaders(record, operation.headers))),
      () => ({ messageCount: records.length }),
    );
  }

  /** Receives the next message of a subscription. */
  next<T>(
    channel: string,
    agentId: string,
    call: () => Promise<IteratorResult<DeliveryRecord<T>>>,
  ): Promise<IteratorResult<DeliveryRecord<T>>> {
    if (this.#instrumentation === undefined) return call();
    const instrumentation = this.#instrumentation;
    return runReceiveAsync(instrumentation, {
      operation: {
        name: "receive",
        type: "receive",
        kind: "client",
        destination: channel,
        attributes: { "messaging.consumer.group.name": agentId },
      },
      originsOf({ done, value }) {
        if (done) return [];
        const headers = headersOf(value);
        instrumentation.received(value, { headers, destination: channel, messageId: value.id });
        return [headers];
      },
    }, call);
  }

  /** Handles a message, in an operation whose parent is its sender. */
  handle<T, R>(record: DeliveryRecord<T>, call: () => Promise<R>): Promise<R> {
    if (this.#instrumentation === undefined) return call();
    const operation = this.#instrumentation.begin({
      name: "process",
      type: "process",
      kind: "consumer",
      destination: record.channel,
      messageId: record.id,
      attributes: { "messaging.consumer.group.name": record.agentId },
      origins: [headersOf(record)],
    });
    return runOperation(operation, call);
  }

  /** Settles a delivery, or changes its lease. */
  settle(
    name: "acknowledge" | "extend" | "release" | "reject" | "requeue",
    message: string | MessageRecord,
    call: () => Promise<boolean>,
  ): Promise<boolean> {
    if (this.#instrumentation === undefined) return call();
    const isId = typeof message === "string";
    const operation = this.#instrumentation.begin({
      name,
      type: "settle",
      kind: "client",
      destination: isId ? "" : message.channel,
      messageId: isId ? message : message.id,
      origins: isId ? [] : [headersOf(message)],
    });
    return runOperation(operation, call);
  }
}

/** What a context is read from and written to: the metadata of a message on its channel. */
interface TracedMessage {
  readonly channel: string;
  readonly metadata?: Metadata;
}

/** A message that has a context already is forwarded: its context names the operation that created it. */
function sendOperation(name: string, message: TracedMessage): MessageOperation {
  const headers = headersOf(message);
  return {
    name,
    type: "send",
    kind: headers === undefined ? "producer" : "client",
    destination: message.channel,
    origins: headers === undefined ? [] : [headers],
  };
}

function headersOf({ metadata }: Pick<TracedMessage, "metadata">): ContextHeaders | undefined {
  return contextHeadersOf(metadata ?? {});
}

/** A copy of a message with headers in its metadata, unless it has some. */
function withHeaders<M extends TracedMessage>(message: M, headers: ContextHeaders | undefined): M {
  if (headers === undefined || headersOf(message) !== undefined) return message;
  return { ...message, metadata: { ...message.metadata, ...headers } };
}
