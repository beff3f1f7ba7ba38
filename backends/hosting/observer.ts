/**
 * The observer of a server's requests.
 *
 * @module
 */

import type { ContextHeaders } from "../../lib/base/context_headers.ts";
import { afterCommit } from "../../lib/base/after_commit.ts";

/** A request that a server has received, with the trace context and baggage that the client has sent. */
export interface ServedRequest extends ContextHeaders {
  /** The server's protocol: HTTP, or lines over TCP. */
  readonly protocol: "http" | "line";
  /** The method of HTTP, or the command of a line. */
  readonly operation: string;
  /** HTTP: path of the route, with names in braces. Undefined for a path without a route. */
  readonly route?: string | undefined;
}

/** How a request ended. */
export interface RequestOutcome {
  /** HTTP: status of the response. */
  readonly status?: number;
  /** Why the request was rejected. */
  readonly refusal?: string;
  /** The error of a server that failed. */
  readonly fault?: unknown;
}

/** Called when a request arrives. The function that it returns is called with the outcome. */
export type RequestObserver = (request: ServedRequest) => (outcome: RequestOutcome) => void;

/** Calls an observer. Its errors are logged, and do not affect the request. */
export function observe(
  observer: RequestObserver,
  request: ServedRequest,
): (outcome: RequestOutcome) => void {
  let end: ReturnType<RequestObserver> | undefined;
  afterCommit("callback", "onRequest", () => {
    end = observer(request);
    return end;
  });
  return (outcome) => afterCommit("callback", "what onRequest returned", () => end?.(outcome));
}
