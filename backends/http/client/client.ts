/**
 * Calls to an HTTP server, one after the other.
 *
 * @module
 */

import { startTimer } from "../../../lib/base/timer.ts";
import { parseJson } from "../../../lib/message/json.ts";
import {
  MessagingClosedError,
  MessagingConnectionError,
  MessagingRefusedError,
} from "../../messaging/errors.ts";
import type { TraceFields } from "../../messaging/trace_fields.ts";
import { SERVER_NAME } from "../server/responses.ts";

/** One call. */
export interface HttpRequest {
  readonly method: "GET" | "POST" | "DELETE";
  /** Path and query, encoded. */
  readonly path: string;
  /** JSON text. */
  readonly body?: string;
  /** Milliseconds that it may take, in place of the client's own. */
  readonly timeoutMs?: number;
  /** The trace that it belongs to. */
  readonly trace?: TraceFields;
}

/** An answer. */
export interface HttpResponse {
  /** The JSON in it, integers kept digit for digit. */
  readonly json: unknown;
  /** True if the server is ours, and knows more than the protocol asks for. */
  readonly isRingbus: boolean;
}

/** Calls to one server. */
export class HttpClient {
  readonly url: string;
  readonly #headers: Record<string, string>;
  readonly #timeoutMs: number;
  readonly #connections = Deno.createHttpClient({ poolMaxIdlePerHost: 4 });
  readonly #abortController = new AbortController();

  constructor(url: string, token: string | undefined, timeoutMs: number) {
    this.url = url;
    this.#timeoutMs = timeoutMs;
    this.#headers = {
      "content-type": "application/json",
      ...token === undefined ? {} : { authorization: `Bearer ${token}` },
    };
  }

  /**
   * Sends a call and reads the answer.
   *
   * @throws {MessagingConnectionError} if the server cannot be reached, or does not let us in
   * @throws {MessagingRefusedError} if it refuses the call
   * @throws {MessagingClosedError} if the client was closed meanwhile
   */
  async send(request: HttpRequest): Promise<HttpResponse> {
    const { response, text } = await this.#exchange(request);
    const json = this.#parse(request, text);
    if (!response.ok) throw this.#responseError(request, response.status, json);
    return { json, isRingbus: response.headers.get("server") === SERVER_NAME };
  }

  async #exchange(request: HttpRequest): Promise<{ response: Response; text: string }> {
    const { method, path, body, timeoutMs = this.#timeoutMs, trace } = request;
    const timeout = new AbortController();
    const stopTimer = startTimer(timeoutMs, () => timeout.abort());
    try {
      const response = await fetch(this.url + path, {
        method,
        body,
        headers: trace === undefined ? this.#headers : { ...this.#headers, ...trace },
        redirect: "error",
        signal: AbortSignal.any([timeout.signal, this.#abortController.signal]),
        client: this.#connections,
      });
      return { response, text: await response.text() };
    } catch (cause) {
      if (this.#abortController.signal.aborted) throw closedError();
      const reason = timeout.signal.aborted ? `no answer within ${timeoutMs} ms` : reasonOf(cause);
      throw this.#connectionError(request, reason, { cause });
    } finally {
      stopTimer();
    }
  }

  #parse(request: HttpRequest, text: string): unknown {
    try {
      return parseJson(text);
    } catch (cause) {
      throw this.#connectionError(request, "what answers speaks no JSON", { cause });
    }
  }

  #responseError(request: HttpRequest, status: number, json: unknown): Error {
    const { error } = (json ?? {}) as { error?: unknown };
    const reason = `${error ?? "it does not say why"} (status ${status})`;
    if (status === 401 || status === 403) return this.#connectionError(request, reason);
    return new MessagingRefusedError(`${describeRequest(request)} was refused: ${reason}`);
  }

  #connectionError(
    request: HttpRequest,
    reason: string,
    options?: ErrorOptions,
  ): MessagingConnectionError {
    return new MessagingConnectionError(
      `${describeRequest(request)} failed: ${reason};`,
      this.url,
      options,
    );
  }

  /** Ends the calls that are under way. */
  abort(): void {
    this.#abortController.abort();
  }

  /** Ends all, with the connections. */
  close(): void {
    this.abort();
    this.#connections.close();
  }
}

/** What a closed backend throws. */
export function closedError(): MessagingClosedError {
  return new MessagingClosedError("the backend was closed by cleanup(): make a new one");
}

function describeRequest({ method, path }: HttpRequest): string {
  return `${method} ${path.split("?")[0].slice(0, 200)}`;
}

/** Of a failed call `fetch` says in its cause what failed. */
function reasonOf(error: unknown): string {
  return `${error instanceof TypeError && error.cause !== undefined ? error.cause : error}`;
}
