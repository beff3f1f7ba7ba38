/**
 * Spans of message queues. The context of a message travels in its metadata.
 *
 * @module
 */

import { type Attributes, type Context, context, SpanKind } from "@opentelemetry/api";
import type {
  AcknowledgeOptions,
  DeliveryRecord,
  MessageQueue,
  MessageRecord,
  PublishOptions,
  Subscription,
} from "../backends/queue/types.ts";
import { contextOf, fieldsOf } from "./fields.ts";
import { originOfRecord } from "./origins.ts";
import { settling } from "./receiving.ts";
import { during, type Operation, type ReceiveOperation, type Spans } from "./spans.ts";

type Metadata = Record<string, unknown>;
type Settle = (message: string | MessageRecord, options?: AcknowledgeOptions) => Promise<boolean>;

/** Has a queue make spans of publishing, receiving and settling. */
export function traceQueue(queue: MessageQueue, spans: Spans): void {
  const { publish, put, putMany, subscribe, acknowledge, requeue } = queue;
  queue.publish = <T>(options: PublishOptions<T>) => {
    const { channel, metadata } = options;
    const send = (carrying: Metadata | undefined) =>
      publish.call(queue, { ...options, metadata: carrying }) as Promise<MessageRecord<T>>;
    return sending(spans, "publish", channel, {}, metadata, send);
  };
  queue.put = (record) => {
    const { channel, metadata, id } = record;
    const attributes = { "messaging.message.id": id };
    return sending(
      spans,
      "put",
      channel,
      attributes,
      metadata,
      (carrying) => put.call(queue, { ...record, metadata: carrying ?? metadata }),
    );
  };
  queue.putMany = (records) => puttingMany(spans, [...records], (all) => putMany.call(queue, all));
  queue.subscribe = (channel, agentId, options) => {
    const subscription = subscribe.call(queue, channel, agentId, options);
    traceSubscription(subscription, channel, agentId, spans);
    return subscription as Subscription<never>;
  };
  queue.acknowledge = settlingMessages(spans, "acknowledge", acknowledge.bind(queue));
  queue.requeue = settlingMessages(spans, "requeue", requeue.bind(queue));
}

/** Calls with the span of a message that is sent, and with the metadata that carries its context. */
function sending<T>(
  spans: Spans,
  name: string,
  destination: string,
  attributes: Attributes,
  metadata: Metadata | undefined,
  send: (carrying: Metadata | undefined) => Promise<T>,
): Promise<T> {
  // A context that is there already is kept: it says where the message came into being.
  const origin = contextOf(metadata ?? {});
  const kind = origin === undefined ? SpanKind.PRODUCER : SpanKind.CLIENT;
  const operation: Operation = { name, type: "send", kind, destination, attributes };
  const parent = context.active();
  const span = spans.begin(operation, parent, [origin]);
  return during(span, parent, (own) => send(origin ? metadata : withContext(metadata, own)));
}

function puttingMany(
  spans: Spans,
  records: MessageRecord[],
  put: (records: MessageRecord[]) => Promise<void>,
): Promise<void> {
  const channels = new Set(records.map(({ channel }) => channel));
  const operation: Operation = {
    name: "put",
    type: "send",
    kind: SpanKind.PRODUCER,
    destination: channels.size === 1 ? records[0].channel : "",
    attributes: { "messaging.batch.message_count": records.length },
  };
  const origins = records.map(({ metadata }) => contextOf(metadata));
  const parent = context.active();
  const span = spans.begin(operation, parent, origins);
  return during(
    span,
    parent,
    (own) =>
      put(
        records.map((record, i) =>
          origins[i] ? record : { ...record, metadata: withContext(record.metadata, own)! }
        ),
      ),
  );
}

function withContext(metadata: Metadata | undefined, own: Context): Metadata | undefined {
  const fields = fieldsOf(own);
  return fields === undefined ? metadata : { ...metadata, ...fields };
}

function traceSubscription(
  subscription: Subscription,
  destination: string,
  agentId: string,
  spans: Spans,
): void {
  const { next } = subscription;
  const receiving: ReceiveOperation<IteratorResult<DeliveryRecord>> = {
    operation: {
      name: "receive",
      type: "receive",
      kind: SpanKind.CLIENT,
      destination,
      attributes: { "messaging.consumer.group.name": agentId },
    },
    origins: ({ done, value }) => done ? [] : [originOfRecord(value).context],
  };
  subscription.next = () => spans.receiveLater(receiving, () => next.call(subscription));
}

function settlingMessages(spans: Spans, name: string, settle: Settle): Settle {
  return (message, options) => {
    const origin = typeof message === "string"
      ? { context: undefined, destination: "", id: message }
      : originOfRecord(message);
    return settling(spans, name, origin, () => settle(message, options));
  };
}
