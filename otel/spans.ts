/**
 * Spans of operations on messages, by the semantic conventions of OpenTelemetry.
 *
 * @module
 */

import { messageOf, nameOf } from "../lib/base/thrown.ts";
import { objectWith } from "../lib/base/option_checks.ts";
import type { OptionChecks } from "../lib/base/option_rules.ts";
import {
  type Attributes,
  type Context,
  context,
  type Link,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from "@opentelemetry/api";
import type { ContextHeaders } from "../lib/base/context_headers.ts";
import { ShmRemoteError } from "../lib/base/errors.ts";
import type {
  MessageOperation,
  OngoingOperation,
  OperationResult,
  Origins,
} from "../lib/base/instrumentation.ts";
import { contextOf, headersOf, spanContextOf } from "./context.ts";

/** What makes tracers: a `TracerProvider` of an OpenTelemetry SDK. */
export interface TracerProvider {
  /** A tracer of `@opentelemetry/api`. */
  getTracer(name: string): unknown;
}

/** Where spans go. */
export interface TracingOptions {
  /** Makes the tracer. Default: the provider that is registered with the API. */
  tracerProvider?: TracerProvider;
}

/** Most messages that a span of a batch links to. */
const MAX_LINKS = 128;
const SCOPE = "@ringbus/ringbus";

const KINDS: Record<MessageOperation["kind"], SpanKind> = {
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
  client: SpanKind.CLIENT,
  server: SpanKind.SERVER,
};

/** The checks of `TracingOptions`. */
export const TRACING_CHECKS: OptionChecks<TracingOptions> = {
  tracerProvider: objectWith("getTracer"),
};

/** The tracer to use. It finds a provider that is registered later. */
export function tracerOf({ tracerProvider }: TracingOptions): Tracer {
  return (tracerProvider ?? trace).getTracer(SCOPE) as Tracer;
}

/** Marks a span as failed. */
export function fail(span: Span, error: unknown): void {
  const [name, message] = [nameOf(error), messageOf(error)];
  span.recordException(error instanceof Error ? error : message);
  span.setAttribute("error.type", error instanceof ShmRemoteError ? error.remoteName : name);
  span.setStatus({ code: SpanStatusCode.ERROR, message });
}

/** The context that is running now, for calls that are made without a context manager. */
export interface RunningContext {
  current: Context | undefined;
}

/** The span of one operation. */
export class OperationSpan implements OngoingOperation {
  readonly #span: Span;
  readonly #context: Context;
  readonly #running: RunningContext;
  readonly #hasStartTime: boolean;

  /** Starts a span. `parent` is its parent's context. */
  constructor(
    tracer: Tracer,
    operation: MessageOperation,
    parent: Context,
    running: RunningContext,
  ) {
    const { name, kind, destination, startMs, origins = [] } = operation;
    this.#span = tracer.startSpan(`${name} ${destination}`.trimEnd(), {
      kind: KINDS[kind],
      attributes: attributesOf(operation),
      links: linksTo(origins),
      ...startMs === undefined ? {} : { startTime: startMs },
    }, parent);
    this.#context = trace.setSpan(parent, this.#span);
    this.#running = running;
    this.#hasStartTime = startMs !== undefined;
  }

  get headers(): ContextHeaders | undefined {
    return headersOf(this.#context);
  }

  run<R>(call: () => R): R {
    const outer = this.#running.current;
    this.#running.current = this.#context;
    try {
      return context.with(this.#context, call);
    } finally {
      this.#running.current = outer;
    }
  }

  end({ messageCount, origins, isFull, isAborted }: OperationResult = {}): void {
    const span = this.#span;
    if (messageCount !== undefined) {
      span.setAttribute("messaging.batch.message_count", messageCount);
    }
    if (origins !== undefined) span.addLinks(linksTo(origins));
    if (isAborted) span.addEvent("aborted");
    if (isFull) {
      span.setAttribute("error.type", "full");
      span.setStatus({ code: SpanStatusCode.ERROR, message: "the ring is full" });
    }
    this.#finish();
  }

  fail(error: unknown): void {
    fail(this.#span, error);
    this.#finish();
  }

  /** A span that was given its start time needs an end time by the same clock. */
  #finish(): void {
    if (this.#hasStartTime) this.#span.end(performance.timeOrigin + performance.now());
    else this.#span.end();
  }
}

function attributesOf(
  { name, type, destination, messageId, attributes }: MessageOperation,
): Attributes {
  return {
    "messaging.system": "ringbus",
    "messaging.operation.name": name,
    "messaging.operation.type": type,
    ...destination !== "" && { "messaging.destination.name": destination },
    ...messageId !== undefined && { "messaging.message.id": messageId },
    ...attributes,
  };
}

/** Links to the spans that sent messages, for the first of many. */
function linksTo(origins: Origins): Link[] {
  const links: Link[] = [];
  for (const origin of origins) {
    const context = spanContextOf(contextOf(origin));
    if (context !== undefined) links.push({ context });
    if (links.length === MAX_LINKS) break;
  }
  return links;
}
