/**
 * Statistics of the requests of an HTTP server.
 *
 * @module
 */

import { RecentErrors } from "../../store/recent_errors.ts";
import { Durations, REQUEST_BOUNDS_SECONDS } from "../../store/durations.ts";

/** Identifies a route. */
export interface RouteKey {
  /** Method of the requests. */
  readonly method: string;
  /** Path with its parameters in braces. */
  readonly path: string;
}

/** Statistics of the requests for one route. */
export class RouteStats {
  /** Requests by status of the response. */
  readonly statuses: Map<number, number> = new Map();
  /** Seconds from request to start of the response. */
  readonly durations: Durations = new Durations(REQUEST_BOUNDS_SECONDS);

  constructor(
    /** Method of the route; undefined for requests without a route. */
    readonly method: string | undefined,
    /** Path of the route, or undefined. */
    readonly path: string | undefined,
  ) {}

  /** Number of requests. */
  get count(): number {
    return this.durations.count;
  }

  /** Sum of the seconds from request to start of the response. */
  get seconds(): number {
    return this.durations.seconds;
  }

  /** Number of requests that were rejected or failed. */
  get errors(): number {
    let errors = 0;
    for (const [status, count] of this.statuses) if (status >= 400) errors += count;
    return errors;
  }

  record(status: number, seconds: number): void {
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
    this.durations.record(seconds);
  }
}

/** Statistics of all requests of a server, by route. */
export class RequestStats {
  /** The last requests that were rejected or failed. */
  readonly recentErrors: RecentErrors = new RecentErrors();
  readonly #routes = new Map<RouteKey | undefined, RouteStats>();

  /** Counts a request. Its route is undefined if none was found. */
  record(route: RouteKey | undefined, status: number, seconds: number): void {
    let stats = this.#routes.get(route);
    if (stats === undefined) {
      stats = new RouteStats(route?.method, route?.path);
      this.#routes.set(route, stats);
    }
    stats.record(status, seconds);
  }

  /** Statistics of the routes that were requested. */
  routes(): IteratorObject<RouteStats> {
    return this.#routes.values();
  }
}
