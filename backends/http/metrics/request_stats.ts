/**
 * Statistics of the requests of an HTTP server.
 *
 * @module
 */

/** Identifies a route. */
export interface RouteKey {
  /** Method of the requests. */
  readonly method: string;
  /** Path with its parameters in braces. */
  readonly path: string;
}

/** Upper bounds of the buckets of durations, in seconds. Most requests are in the first bucket. */
export const DURATION_BOUNDS_SECONDS: readonly number[] = [
  0.000_1,
  0.000_25,
  0.000_5,
  0.001,
  0.002_5,
  0.005,
  0.01,
  0.05,
  0.1,
  0.5,
  1,
  5,
];

/** Statistics of the requests for one route. */
export class RouteStats {
  /** Requests by status of the response. */
  readonly statuses: Map<number, number> = new Map();
  /** Requests by bucket of their duration. The last bucket has no upper bound. */
  readonly buckets: number[] = Array(DURATION_BOUNDS_SECONDS.length + 1).fill(0);
  /** Number of requests. */
  count = 0;
  /** Sum of the seconds from request to start of the response. */
  seconds = 0;

  constructor(
    /** Method of the route; undefined for requests without a route. */
    readonly method: string | undefined,
    /** Path of the route, or undefined. */
    readonly path: string | undefined,
  ) {}

  /** Number of requests that were rejected or failed. */
  get errors(): number {
    let errors = 0;
    for (const [status, count] of this.statuses) if (status >= 400) errors += count;
    return errors;
  }

  record(status: number, seconds: number): void {
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
    const bound = DURATION_BOUNDS_SECONDS.findIndex((bound) => seconds <= bound);
    this.buckets[bound === -1 ? DURATION_BOUNDS_SECONDS.length : bound]++;
    this.count++;
    this.seconds += seconds;
  }
}

/** Statistics of all requests of a server, by route. */
export class RequestStats {
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
