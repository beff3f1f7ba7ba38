/**
 * Spans of messaging backends.
 *
 * @module
 */

import { type Attributes, type Context, context, ROOT_CONTEXT, SpanKind } from "@opentelemetry/api";
import type {
  MessageHandler,
  MessagingBackend,
  RedisLikeBackend,
  SubscriptionOptions,
} from "../backends/messaging/backend.ts";
import { setTraceFields } from "../backends/messaging/trace_fields.ts";
import { Message } from "../lib/message/message.ts";
import { fieldsOf } from "./fields.ts";
import { originOfMessage } from "./origins.ts";
import { isHttpTraced } from "./runtime.ts";
import { during, linksTo, type Operation, type Spans } from "./spans.ts";

/** A backend with what some backends have. */
type AnyBackend = MessagingBackend & Partial<RedisLikeBackend>;

type Fetch = (...args: never[]) => Promise<Message | null | Message[]>;
const FETCHES = [
  "getMessagesForTopic",
  "getMessagesForTopicSince",
  "getMessagesSince",
  "getNextMessageForTopicSince",
  "getMessagesById",
] as const;

/** Has a backend make spans of storing, fetching and handling, and tell its server of their trace. */
export function traceBackend(backend: AnyBackend, spans: Spans): void {
  new BackendTracing(backend, spans).install();
}

/** Where the server of a backend is, if it has one. */
export function serverOf(backend: object): Attributes {
  const { serverUrl, address } = backend as { serverUrl?: string; address?: string };
  const url = serverUrl ?? (address && `tcp://${address}`);
  if (url === undefined || !URL.canParse(url)) return {};
  const { hostname, port } = new URL(url);
  return { "server.address": hostname, ...port !== "" && { "server.port": Number(port) } };
}

class BackendTracing {
  readonly #backend: AnyBackend;
  readonly #spans: Spans;
  readonly #storeMessage: MessagingBackend["storeMessage"];
  /** The context of the call that is being made, whether or not a context manager is registered. */
  #calling: Context | undefined;
  /** Traced handlers by those that they call. */
  readonly #traced = new WeakMap<MessageHandler, MessageHandler>();
  readonly #originals = new WeakMap<MessageHandler, MessageHandler>();

  constructor(backend: AnyBackend, spans: Spans) {
    this.#backend = backend;
    this.#spans = spans;
    this.#storeMessage = backend.storeMessage;
  }

  install(): void {
    const backend = this.#backend;
    setTraceFields(backend, (carrier) => {
      const isTraced = carrier === "http" && isHttpTraced();
      return isTraced ? undefined : fieldsOf(this.#calling ?? context.active());
    });
    backend.storeMessage = (...args) => this.#store(...args);
    for (const name of FETCHES) {
      const fetch = backend[name] as Fetch;
      const traced = (...args: Parameters<Fetch>) => this.#fetch(name, fetch, args);
      Object.assign(backend, { [name]: traced });
    }
    this.#installSubscriptions(backend);
    this.#installPublish(backend);
  }

  /** Calls with a context for the server to be told of. */
  #call<T>(own: Context, call: () => Promise<T>): Promise<T> {
    const before = this.#calling;
    this.#calling = own;
    try {
      return call();
    } finally {
      this.#calling = before;
    }
  }

  #store(...[namespace, topic, message, options]: Parameters<MessagingBackend["storeMessage"]>) {
    const attributes = { "messaging.message.id": String(message.id) };
    // A context that the message has already is kept: it says where it came into being.
    const origin = originOfMessage(message).context;
    const kind = origin === undefined ? SpanKind.PRODUCER : SpanKind.CLIENT;
    const operation: Operation = {
      name: "store",
      type: "send",
      kind,
      destination: topic,
      attributes,
    };
    const parent = context.active();
    const span = this.#spans.begin(operation, parent, [origin]);
    return during(span, parent, (own) => {
      const carrying = origin === undefined ? withContext(message, own) : message;
      return this.#call(
        own,
        () => this.#storeMessage.call(this.#backend, namespace, topic, carrying, options),
      );
    });
  }

  /** One span also for methods that are made of others. */
  #fetch(name: string, fetch: Fetch, args: Parameters<Fetch>): ReturnType<Fetch> {
    if (this.#calling !== undefined) return fetch.apply(this.#backend, args);
    const operation: Operation = {
      name: "fetch",
      type: "receive",
      kind: SpanKind.CLIENT,
      destination: String(args[0]),
      attributes: { "code.function.name": name },
    };
    return this.#spans.during(operation, async (own, span) => {
      const result = await this.#call(own, () => fetch.apply(this.#backend, args));
      const messages = [result ?? []].flat();
      span.addLinks(linksTo(messages.map((message) => originOfMessage(message).context)));
      span.setAttribute("messaging.batch.message_count", messages.length);
      return result;
    });
  }

  #installSubscriptions(backend: AnyBackend): void {
    const { subscribe, unsubscribe, psubscribe, punsubscribe } = backend;
    backend.subscribe = (topic, handler, options) =>
      subscribe.call(backend, topic, this.#handler(handler), this.#published(options));
    backend.unsubscribe = (topic, handler) =>
      unsubscribe.call(backend, topic, handler && this.#handler(handler));
    if (psubscribe !== undefined) {
      backend.psubscribe = (pattern, handler, options) =>
        psubscribe.call(backend, pattern, this.#handler(handler), this.#published(options));
    }
    if (punsubscribe !== undefined) {
      backend.punsubscribe = (pattern, handler) =>
        punsubscribe.call(backend, pattern, handler && this.#handler(handler));
    }
    this.#installLocalHandlers(backend);
  }

  /** Shows the handlers as they were given. */
  #installLocalHandlers(backend: AnyBackend): void {
    const untraced = Object.getOwnPropertyDescriptor(prototypeWith(backend), "localHandlers")!;
    Object.defineProperty(backend, "localHandlers", {
      configurable: true,
      get: () => {
        const handlers: MessagingBackend["localHandlers"] = untraced.get!.call(backend);
        return new Map(
          [...handlers].map(([topic, each]) => [
            topic,
            each.map((handler) => this.#originals.get(handler) ?? handler),
          ]),
        );
      },
    });
  }

  #handler(handler: MessageHandler): MessageHandler {
    const known = this.#traced.get(handler);
    if (known !== undefined) return known;
    const traced: MessageHandler = (message, delivery) => {
      const { context: origin, id } = originOfMessage(message);
      const attributes = { "messaging.message.id": id };
      return this.#process(delivery.topic, origin, attributes, () => handler(message, delivery));
    };
    this.#traced.set(handler, traced);
    this.#originals.set(traced, handler);
    return traced;
  }

  #published(options: SubscriptionOptions | undefined): SubscriptionOptions | undefined {
    const { onPublished } = options ?? {};
    if (onPublished === undefined) return options;
    return {
      ...options,
      onPublished: (published) =>
        this.#process(published.channel, undefined, {}, () => onPublished(published)),
    };
  }

  #process<T>(
    destination: string,
    origin: Context | undefined,
    attributes: Attributes,
    call: () => T,
  ): T {
    const operation: Operation = {
      name: "process",
      type: "process",
      kind: SpanKind.CONSUMER,
      destination,
      attributes,
    };
    // The active context here is that of whoever subscribed, or of nobody.
    const parent = origin ?? ROOT_CONTEXT;
    return during(this.#spans.begin(operation, parent, [origin]), parent, call);
  }

  /** What is published has no place for a context: the server alone is told. */
  #installPublish(backend: AnyBackend): void {
    const { publish } = backend;
    if (publish === undefined) return;
    backend.publish = (channel, message) => {
      const operation: Operation = {
        name: "publish",
        type: "send",
        kind: SpanKind.CLIENT,
        destination: channel,
      };
      return this.#spans.during(
        operation,
        (own) => this.#call(own, () => publish.call(backend, channel, message)),
      );
    };
  }
}

/** A copy of a message that carries a context, if that is of a trace. */
function withContext(message: Message, own: Context): Message {
  const fields = fieldsOf(own);
  return fields === undefined ? message : Message.fromJson({ ...message.toObject(), ...fields });
}

function prototypeWith(backend: object): object {
  let prototype = Object.getPrototypeOf(backend);
  while (!Object.hasOwn(prototype, "localHandlers")) prototype = Object.getPrototypeOf(prototype);
  return prototype;
}
