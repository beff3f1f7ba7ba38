/**
 * Spans of messaging, named and described as the semantic conventions of OpenTelemetry want it.
 *
 * @module
 */

import {
  type Attributes,
  type Context,
  context,
  type Link,
  type Span,
  type SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from "@opentelemetry/api";
import { ShmRemoteError } from "../lib/base/errors.ts";
import { spanContextOf } from "./fields.ts";

/** What makes tracers: a `TracerProvider` of an OpenTelemetry SDK. */
export interface TracerProvider {
  /** A tracer of `@opentelemetry/api`. */
  getTracer(name: string): unknown;
}

/** Where spans go. */
export interface TracingOptions {
  /** Makes the tracer; the one that is registered with the API when left out. */
  tracerProvider?: TracerProvider;
}

/** One thing that is done with messages. */
export interface Operation {
  /** What it is called here. */
  readonly name: string;
  /** What the conventions call it. */
  readonly type: "send" | "receive" | "process" | "settle";
  readonly kind: SpanKind;
  /** The channel or topic; empty if none is known. */
  readonly destination: string;
  /** What else is known of it. */
  readonly attributes?: Attributes;
}

/** A way of receiving. */
export interface ReceiveOperation<T> {
  readonly operation: Operation;
  /** True if there may be any number of messages. */
  readonly isBatch?: boolean;
  /** Origins of the messages in a result, one each; none if nothing was received. */
  origins(result: T): readonly (Context | undefined)[];
  /** True for errors that end receiving, and tell of nothing that failed. */
  isEnd?(error: unknown): boolean;
}

/** Most messages that a span of a batch links to. */
const MAX_LINKS = 128;
const SCOPE = "@ringbus/ringbus";

/** Tracers by their providers find those that are registered later. */
export function tracerOf({ tracerProvider }: TracingOptions): Tracer {
  return (tracerProvider ?? trace).getTracer(SCOPE) as Tracer;
}

/** Now, in milliseconds of the Unix epoch, with fractions. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now();
}

/** Marks a span as failed. */
export function fail(span: Span, error: unknown): void {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  span.recordException(error instanceof Error ? error : message);
  span.setAttribute("error.type", error instanceof ShmRemoteError ? error.remoteName : name);
  span.setStatus({ code: SpanStatusCode.ERROR, message });
}

/** Marks the span of a send as one that a full ring refused: an outcome, and no exception. */
export function refuse(span: Span): void {
  span.setAttribute("error.type", "full");
  span.setStatus({ code: SpanStatusCode.ERROR, message: "the ring is full" });
}

/** Calls with a span's context, and ends the span when the result, or its promise, is there. */
export function during<T>(span: Span, parent: Context, call: (own: Context) => T): T {
  const own = trace.setSpan(parent, span);
  let result: T;
  try {
    result = context.with(own, () => call(own));
  } catch (error) {
    fail(span, error);
    span.end();
    throw error;
  }
  if (result instanceof Promise) return endAfter(span, result) as T;
  span.end();
  return result;
}

async function endAfter<T>(span: Span, result: Promise<T>): Promise<T> {
  try {
    return await result;
  } catch (error) {
    fail(span, error);
    throw error;
  } finally {
    span.end();
  }
}

/** Makes the spans of what one target does. */
export class Spans {
  readonly #tracer: Tracer;
  readonly #common: () => Attributes;

  /** Attributes of all spans may become known later. */
  constructor(options: TracingOptions, common: () => Attributes = () => ({})) {
    this.#tracer = tracerOf(options);
    this.#common = common;
  }

  /** A span that begins now, or began then. */
  begin(
    operation: Operation,
    parent: Context,
    origins: readonly (Context | undefined)[] = [],
    startTime?: number,
  ): Span {
    const { name, type, kind, destination } = operation;
    const attributes = {
      "messaging.system": "ringbus",
      "messaging.operation.name": name,
      "messaging.operation.type": type,
      ...destination !== "" && { "messaging.destination.name": destination },
      ...this.#common(),
      ...operation.attributes,
    };
    const links = linksTo(origins);
    return this.#tracer.startSpan(
      `${name} ${destination}`.trimEnd(),
      { kind, attributes, links, startTime },
      parent,
    );
  }

  /** Calls with a span of an operation of the caller's. */
  during<T>(operation: Operation, call: (own: Context, span: Span) => T): T {
    const parent = context.active();
    const span = this.begin(operation, parent);
    return during(span, parent, (own) => call(own, span));
  }

  /** Receives now, and tells of what came, or of why nothing did. */
  receive<T>(receiving: ReceiveOperation<T>, call: () => T): T {
    const active = context.active();
    const startMs = nowMs();
    let result: T;
    try {
      result = call();
    } catch (error) {
      this.#recordFailure(receiving, active, error, startMs);
      throw error;
    }
    this.#recordReceive(receiving, active, result, startMs);
    return result;
  }

  /** Receives in the event loop, and tells of what came, or of why nothing did. */
  async receiveLater<T>(receiving: ReceiveOperation<T>, call: () => Promise<T>): Promise<T> {
    const active = context.active();
    const startMs = nowMs();
    let result: T;
    try {
      result = await call();
    } catch (error) {
      this.#recordFailure(receiving, active, error, startMs);
      throw error;
    }
    this.#recordReceive(receiving, active, result, startMs);
    return result;
  }

  /** Spans of receiving begin in retrospect: nothing is left open by who waits for ever. */
  #recordReceive<T>(
    receiving: ReceiveOperation<T>,
    active: Context,
    result: T,
    startMs: number,
  ): void {
    const origins = receiving.origins(result);
    if (origins.length === 0) return;
    const parent = origins.length === 1 ? parentOf(active, origins[0]) : active;
    const span = this.begin(receiving.operation, parent, origins, startMs);
    if (receiving.isBatch) span.setAttribute("messaging.batch.message_count", origins.length);
    span.end(nowMs());
  }

  #recordFailure(
    { operation, isEnd }: Pick<ReceiveOperation<never>, "operation" | "isEnd">,
    active: Context,
    error: unknown,
    startMs: number,
  ): void {
    if (isEnd?.(error)) return;
    const span = this.begin(operation, active, [], startMs);
    fail(span, error);
    span.end(nowMs());
  }
}

/** The active context, unless it is of no span and a message's origin is: so its trace goes on. */
export function parentOf(active: Context, origin: Context | undefined): Context {
  return spanContextOf(active) === undefined ? origin ?? active : active;
}

/** Links to where messages come from, the first of many. */
export function linksTo(origins: readonly (Context | undefined)[]): Link[] {
  const links: Link[] = [];
  for (const origin of origins) {
    const context = spanContextOf(origin);
    if (context !== undefined) links.push({ context });
    if (links.length === MAX_LINKS) break;
  }
  return links;
}
