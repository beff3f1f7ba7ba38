/**
 * A real SDK of OpenTelemetry that keeps the spans of this process.
 *
 * @module
 */

import { context, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { BasicTracerProvider, type ReadableSpan } from "@opentelemetry/sdk-trace-base";

/** A span that has ended, as plain data. */
export interface SpanLine {
  name: string;
  kind: string;
  traceId: string;
  spanId: string;
  parentId: string | undefined;
  /** Ids of the spans that it links to. */
  links: string[];
  attributes: Record<string, unknown>;
  status: string;
  /** Messages of the exceptions that were recorded. */
  exceptions: unknown[];
  durationMs: number;
}

/** Collects the spans of this process until it is disposed. */
export class Tracing implements Disposable {
  #ended: ReadableSpan[] = [];
  #open = 0;

  constructor() {
    // The processors of the SDK export in timers, which tests would seem to leak.
    const provider = new BasicTracerProvider({
      spanProcessors: [{
        onStart: () => void this.#open++,
        onEnd: (span) => {
          this.#open--;
          this.#ended.push(span);
        },
        forceFlush: () => Promise.resolve(),
        shutdown: () => Promise.resolve(),
      }],
    });
    trace.setGlobalTracerProvider(provider);
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  }

  /** The spans that have ended, in that order. */
  get spans(): SpanLine[] {
    return this.#ended.map(lineOf);
  }

  /** The span with a name; there must be one. */
  one(name: string): SpanLine {
    const found = this.spans.filter((span) => span.name === name);
    if (found.length === 1) return found[0];
    const names = this.spans.map((span) => span.name).join(", ");
    throw new Error(`${found.length} spans are named "${name}"; there are ${names}`);
  }

  /** How many spans were begun and have not ended. */
  get open(): number {
    return this.#open;
  }

  /** Forgets the spans that have ended. */
  reset(): void {
    this.#ended = [];
  }

  [Symbol.dispose](): void {
    trace.disable();
    context.disable();
  }
}

function lineOf(span: ReadableSpan): SpanLine {
  const { traceId, spanId } = span.spanContext();
  return {
    name: span.name,
    kind: SpanKind[span.kind],
    traceId,
    spanId,
    parentId: span.parentSpanContext?.spanId,
    links: span.links.map((link) => link.context.spanId),
    attributes: span.attributes,
    status: SpanStatusCode[span.status.code],
    exceptions: span.events.map((event) => event.attributes?.["exception.message"]),
    durationMs: span.duration[0] * 1000 + span.duration[1] / 1e6,
  };
}

/** Calls in a span of the application. */
export async function inSpan<T>(name: string, call: () => T | Promise<T>): Promise<T> {
  return await trace.getTracer("test").startActiveSpan(name, async (span) => {
    try {
      return await call();
    } finally {
      span.end();
    }
  });
}
