/**
 * Reports what a messaging backend does to its instrumentation, and carries trace contexts in messages.
 *
 * @module
 */

import { type ContextHeaders, contextHeadersOf } from "../../lib/base/context_headers.ts";
import { GuardedInstrumentation } from "../../lib/base/guarded_instrumentation.ts";
import {
  type Instrumentation,
  type MessageOperation,
  type MessageOrigin,
  type Origins,
  runOperation,
} from "../../lib/base/instrumentation.ts";
import { Message } from "../../lib/message/message.ts";
import type { MessageDelivery, PublishedMessage } from "./backend.ts";

type ServerAttributes = MessageOperation["attributes"];

/** Observes one backend. Without instrumentation each method just makes the call. */
export class BackendObserver {
  readonly #instrumentation: Instrumentation | undefined;
  readonly #backend: object;

  /** Observes `backend` with an instrumentation, or without one. */
  constructor(instrumentation: Instrumentation | undefined, backend: object) {
    this.#instrumentation = instrumentation && new GuardedInstrumentation(instrumentation);
    this.#backend = backend;
  }

  /** Stores a message. `call` gets the message to store, which carries the context of the operation. */
  store(
    topic: string,
    message: Message,
    call: (message: Message) => Promise<void>,
  ): Promise<void> {
    if (this.#instrumentation === undefined) return call(message);
    // A context that the message has already is kept: it names the operation that created the message.
    const headers = headersOfMessage(message);
    const operation = this.#begin({
      name: "store",
      type: "send",
      kind: headers === undefined ? "producer" : "client",
      destination: topic,
      messageId: String(message.id),
      origins: headers === undefined ? [] : [headers],
    });
    const carrying = headers === undefined ? withHeaders(message, operation.headers) : message;
    return runOperation(operation, () => call(carrying));
  }

  /** Fetches messages. `method` is the name of the backend's method. */
  fetch<T extends Message[] | Message | null>(
    method: string,
    destination: string,
    call: () => Promise<T>,
  ): Promise<T> {
    if (this.#instrumentation === undefined) return call();
    const operation = this.#begin({
      name: "fetch",
      type: "receive",
      kind: "client",
      destination,
      attributes: { "code.function.name": method },
    });
    return runOperation(operation, call, (result: Message[] | Message | null) => {
      const messages = [result ?? []].flat();
      const origins: Origins = messages.map(headersOfMessage);
      return { messageCount: messages.length, origins };
    });
  }

  /** Publishes a value. `call` gets the headers that the value has to carry. */
  publish(
    channel: string,
    call: (headers: ContextHeaders | undefined) => Promise<number>,
  ): Promise<number> {
    if (this.#instrumentation === undefined) return call(undefined);
    const operation = this.#begin({
      name: "publish",
      type: "send",
      kind: "producer",
      destination: channel,
    });
    return runOperation(operation, () => call(operation.headers));
  }

  /** Calls the handler of a message. */
  process<R>(message: Message, { topic }: MessageDelivery, call: () => R): R {
    if (this.#instrumentation === undefined) return call();
    const headers = headersOfMessage(message);
    return this.#process({ headers, destination: topic, messageId: String(message.id) }, call);
  }

  /** Calls the handler of a published value. */
  processPublished<R>(published: PublishedMessage, call: () => R): R {
    if (this.#instrumentation === undefined) return call();
    const { channel, headers } = published;
    const origin = { headers, destination: channel };
    this.#instrumentation.received(published, origin);
    return this.#process(origin, call);
  }

  #process<R>({ headers, destination, messageId }: MessageOrigin, call: () => R): R {
    const operation = this.#begin({
      name: "process",
      type: "process",
      kind: "consumer",
      destination,
      messageId,
      origins: [headers],
    });
    return runOperation(operation, call);
  }

  /** Headers for a call to the backend's server. */
  callHeaders(protocol: "http" | "line"): ContextHeaders | undefined {
    return this.#instrumentation?.callHeaders(protocol);
  }

  #begin(operation: MessageOperation) {
    const attributes = { ...serverAttributes(this.#backend), ...operation.attributes };
    return this.#instrumentation!.begin({ ...operation, attributes });
  }
}

/** Address of a backend's server. Empty if it has no server, or has not started it yet. */
function serverAttributes(backend: object): ServerAttributes {
  const { serverUrl, address } = backend as { serverUrl?: string; address?: string };
  const url = serverUrl ?? (address && `tcp://${address}`);
  if (url === undefined || !URL.canParse(url)) return {};
  const { hostname, port } = new URL(url);
  return { "server.address": hostname, ...port !== "" && { "server.port": Number(port) } };
}

/** The headers that a message carries in its fields. */
export function headersOfMessage(message: Message): ContextHeaders | undefined {
  const { traceparent, extra: { tracestate, baggage } } = message;
  return contextHeadersOf({ traceparent, tracestate, baggage });
}

/** A copy of a message with headers in its fields. */
function withHeaders(message: Message, headers: ContextHeaders | undefined): Message {
  if (headers === undefined) return message;
  return Message.fromJson({ ...message.toObject(), ...headers });
}
