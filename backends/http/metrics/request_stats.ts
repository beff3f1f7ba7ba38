/**
 * What an HTTP server counts of its requests.
 *
 * @module
 */

/** What is asked for: one call of the protocol. */
export interface RouteKey {
  /** Method of the requests. */
  readonly method: string;
  /** Path with its parameters in braces. */
  readonly path: string;
}

/** Upper bounds of durations, in seconds: most requests take less than the first. */
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

/** What is known of the requests for one route. */
export class RouteStats {
  /** Requests by the status of their answer. */
  readonly statuses: Map<number, number> = new Map();
  /** Requests that took longer than the bound before and no longer than this one; the last beyond all. */
  readonly buckets: number[] = Array(DURATION_BOUNDS_SECONDS.length + 1).fill(0);
  /** Requests. */
  count = 0;
  /** Seconds from the request to the beginning of its answer, of all requests together. */
  seconds = 0;

  constructor(
    /** Method of the route; undefined for requests that are for no route. */
    readonly method: string | undefined,
    /** Path of the route. */
    readonly path: string | undefined,
  ) {}

  /** Requests that were refused, or failed. */
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

/** The requests of a server, by route. */
export class RequestStats {
  readonly #routes = new Map<RouteKey | undefined, RouteStats>();

  /** Counts a request; one that no route was found for comes without it. */
  record(route: RouteKey | undefined, status: number, seconds: number): void {
    let stats = this.#routes.get(route);
    if (stats === undefined) {
      stats = new RouteStats(route?.method, route?.path);
      this.#routes.set(route, stats);
    }
    stats.record(status, seconds);
  }

  /** The routes that were asked for. */
  routes(): IteratorObject<RouteStats> {
    return this.#routes.values();
  }
}
