/**
 * A collector of OpenTelemetry: it receives spans over HTTP in the JSON form of OTLP.
 *
 * @module
 */

/** A span that was received. */
export interface ReceivedSpan {
  /** The resource attribute `service.name`. */
  readonly service: string;
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string | undefined;
}

/** What an exporter sends to `/v1/traces`, of it the parts that are read here. */
interface TracesRequest {
  readonly resourceSpans: readonly {
    readonly resource: {
      readonly attributes: readonly { key: string; value: { stringValue?: string } }[];
    };
    readonly scopeSpans: readonly {
      readonly spans: readonly {
        readonly name: string;
        readonly traceId: string;
        readonly spanId: string;
        readonly parentSpanId?: string;
      }[];
    }[];
  }[];
}

/** A running collector. */
export class OtlpReceiver implements AsyncDisposable {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #spans: ReceivedSpan[] = [];

  constructor() {
    const options = { hostname: "127.0.0.1", port: 0, onListen() {} };
    this.#server = Deno.serve(options, (request) => this.#receive(request));
  }

  /** All spans so far, in the order in which they came. */
  get spans(): readonly ReceivedSpan[] {
    return this.#spans;
  }

  /** The environment of a program whose spans come here. */
  environmentOf(service: string): Record<string, string> {
    return {
      OTEL_DENO: "true",
      OTEL_SERVICE_NAME: service,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${this.#server.addr.port}`,
    };
  }

  async #receive(request: Request): Promise<Response> {
    const body = await request.json();
    if (new URL(request.url).pathname === "/v1/traces") this.#spans.push(...spansOf(body));
    return Response.json({});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

function spansOf({ resourceSpans }: TracesRequest): ReceivedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const name = resource.attributes.find(({ key }) => key === "service.name");
    const service = name?.value.stringValue ?? "unknown";
    return scopeSpans.flatMap(({ spans }) => spans).map((span) => ({
      service,
      name: span.name,
      traceId: span.traceId,
      spanId: span.spanId,
      parentId: span.parentSpanId || undefined,
    }));
  });
}
