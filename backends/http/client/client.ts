/**
 * Requests to an HTTP server.
 *
 * @module
 */

import { startTimer } from "../../../lib/base/timer.ts";
import { parseJson } from "../../../lib/message/json.ts";
import { parsedLeniently } from "../../../lib/message/json_members.ts";
import {
  MessagingClosedError,
  MessagingConnectionError,
  MessagingRefusedError,
} from "../../messaging/errors.ts";
import type { ContextHeaders } from "../../../lib/base/context_headers.ts";
import { ENCODED_NAMES_HEADER } from "../server/readings.ts";
import type { CheckedBackendOptions } from "./options.ts";
import { readText, ReplyTooLongError } from "./reply_text.ts";
import { SERVER_NAME } from "../server/responses.ts";

/** A request. */
export interface HttpRequest {
  readonly method: "GET" | "POST" | "DELETE";
  /** Path and query, encoded. */
  readonly path: string;
  /** JSON text. */
  readonly body?: string | undefined;
  /** Milliseconds until the timeout. Default: that of the client. */
  readonly timeoutMs?: number | undefined;
  /** Trace context and baggage of the call. */
  readonly headers?: ContextHeaders | undefined;
}

/** A response. */
export interface HttpResponse {
  /** Its JSON, with exact integers. */
  readonly json: unknown;
  /** True if the server is Ringbus, which supports more than the protocol requires. */
  readonly isRingbus: boolean;
}

/** Statuses of a server that executes nothing for this client, at least now. */
const UNSERVED: ReadonlySet<number> = new Set([401, 403, 503]);

/** Options of a client. */
export type HttpClientOptions = Pick<
  CheckedBackendOptions,
  "token" | "timeoutMs" | "maxReplyBytes"
>;

/** The client of one server. */
export class HttpClient {
  readonly url: string;
  readonly #headers: Record<string, string>;
  readonly #timeoutMs: number;
  readonly #maxReplyBytes: number;
  readonly #keptConnections = Deno.createHttpClient({ poolMaxIdlePerHost: 4 });
  /**
   * One connection for each request, as the clients of other servers have: such a server may serve one
   * connection at a time, and an idle one would keep it from all others.
   */
  readonly #singleConnections = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  readonly #abortController = new AbortController();
  #isRingbus = false;

  constructor(url: string, { token, timeoutMs, maxReplyBytes }: HttpClientOptions) {
    this.url = url;
    this.#timeoutMs = timeoutMs;
    this.#maxReplyBytes = maxReplyBytes;
    this.#headers = {
      "content-type": "application/json",
      [ENCODED_NAMES_HEADER]: "encoded",
      ...token === undefined ? {} : { authorization: `Bearer ${token}` },
    };
  }

  /**
   * Sends a request and reads the response.
   *
   * @throws {MessagingConnectionError} if the server cannot be reached, is stopping, or rejects the token
   * @throws {MessagingRefusedError} if it rejects the request
   * @throws {MessagingClosedError} if the client was closed in the meantime
   */
  async send(request: HttpRequest): Promise<HttpResponse> {
    const { response, text } = await this.#exchange(request);
    const json = this.#parse(request, text);
    this.#isRingbus = response.headers.get("server") === SERVER_NAME;
    if (!response.ok) throw this.#responseError(request, response.status, json);
    return { json, isRingbus: this.#isRingbus };
  }

  /** True if the last response was from Ringbus; false before the first one. */
  get isRingbus(): boolean {
    return this.#isRingbus;
  }

  async #exchange(request: HttpRequest): Promise<{ response: Response; text: string }> {
    const { method, path, body, timeoutMs = this.#timeoutMs, headers } = request;
    const timeout = new AbortController();
    const stopTimer = startTimer(timeoutMs, () => timeout.abort());
    try {
      const response = await fetch(this.url + path, {
        method,
        body: body ?? null,
        headers: { ...this.#headers, ...headers },
        redirect: "error",
        signal: AbortSignal.any([timeout.signal, this.#abortController.signal]),
        client: this.#isRingbus ? this.#keptConnections : this.#singleConnections,
      });
      return { response, text: await readText(response, this.#maxReplyBytes) };
    } catch (cause) {
      if (this.#abortController.signal.aborted) throw closedError();
      const reason = timeout.signal.aborted
        ? `no response within ${timeoutMs} ms`
        : reasonOf(cause);
      throw this.#connectionError(request, reason, {
        cause,
        advice: cause instanceof ReplyTooLongError
          ? "ask for less, or raise maxReplyBytes"
          : "check that a server runs there",
      });
    } finally {
      stopTimer();
    }
  }

  #parse(request: HttpRequest, text: string): unknown {
    let json: unknown;
    try {
      json = parsedLeniently(text, parseJson);
    } catch (cause) {
      throw this.#connectionError(request, "the response is not JSON", { cause });
    }
    if (typeof json === "object" && json !== null) return json;
    throw this.#connectionError(request, "the response is JSON, and no object");
  }

  #responseError(request: HttpRequest, status: number, json: unknown): Error {
    const { error } = (json ?? {}) as { error?: unknown };
    const reason = `${error ?? "without a reason"} (status ${status})`;
    const advice = status === 401
      ? "pass its token to the backend, with the option token"
      : undefined;
    if (UNSERVED.has(status)) return this.#connectionError(request, reason, { advice });
    return new MessagingRefusedError(`${describeRequest(request)} was refused: ${reason}`);
  }

  #connectionError(
    request: HttpRequest,
    reason: string,
    options?: ErrorOptions & { advice?: string | undefined },
  ): MessagingConnectionError {
    return new MessagingConnectionError(
      `${describeRequest(request)} failed: ${reason};`,
      this.url,
      options,
    );
  }

  /** Aborts the running requests. */
  abort(): void {
    this.#abortController.abort();
  }

  /** Aborts the running requests, and closes the connections. */
  close(): void {
    this.abort();
    this.#keptConnections.close();
    this.#singleConnections.close();
  }
}

/** The error for calls to a closed backend. */
export function closedError(): MessagingClosedError {
  return new MessagingClosedError("the backend was closed by cleanup(): make a new one");
}

function describeRequest({ method, path }: HttpRequest): string {
  return `${method} ${path.split("?")[0].slice(0, 200)}`;
}

/** The cause of a failed `fetch` has the reason. */
function reasonOf(error: unknown): string {
  return `${error instanceof TypeError && error.cause !== undefined ? error.cause : error}`;
}
