/**
 * How a server tells of the requests that it carries out.
 *
 * @module
 */

import { logger } from "../../lib/base/log.ts";

/** A request as it came. */
export interface ServedRequest {
  /** The server's protocol: HTTP, or lines over TCP. */
  readonly protocol: "http" | "line";
  /** What is asked for: the method of HTTP, or the command of a line. */
  readonly operation: string;
  /** HTTP: path of the route, with names in braces; undefined for a path that no route has. */
  readonly route?: string;
  /** Trace and calling span, in the W3C format, if the client sent them. */
  readonly traceparent?: string;
  /** What systems of tracing added, in the W3C format, if the client sent it. */
  readonly tracestate?: string;
}

/** How a request ended. */
export interface RequestOutcome {
  /** HTTP: status of the answer. */
  readonly status?: number;
  /** Why the request was refused. */
  readonly refusal?: string;
  /** What the server failed at. */
  readonly fault?: unknown;
}

/** Told of a request when it begins; what it returns is called when the answer is there. */
export type RequestObserver = (request: ServedRequest) => (outcome: RequestOutcome) => void;

/** Tells an observer, whose errors are logged and do no harm to the request. */
export function observe(
  observer: RequestObserver,
  request: ServedRequest,
): (outcome: RequestOutcome) => void {
  const end = catchErrors(() => observer(request));
  return (outcome) => catchErrors(() => end?.(outcome));
}

function catchErrors<T>(call: () => T): T | undefined {
  try {
    return call();
  } catch (error) {
    logger.error("the observer of requests failed: {error}", { error });
  }
}
