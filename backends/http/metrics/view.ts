/**
 * What the metrics of a server are read from.
 *
 * @module
 */

import type { ConnectionCounts, ConnectionStatsSource } from "../../store/connection_stats.ts";
import type { Store, StoreStats } from "../../store/store.ts";
import { type Backlog, backlogsByTransport } from "./backlog.ts";
import type { RouteStats } from "./request_stats.ts";

/** A server that is looked at. */
export interface Observed {
  readonly store: Store;
  readonly requests: { routes(): IteratorObject<RouteStats> };
  readonly subscribers: { readonly waiting: number };
  readonly eventStreams: { readonly size: number };
  uptimeSeconds(): number;
}

/** A server at one moment. */
export interface View {
  readonly observed: Observed;
  readonly stats: StoreStats;
  /** Milliseconds of the store's clock. */
  readonly nowMs: number;
  /** By front. */
  readonly backlogs: ReadonlyMap<string, Backlog>;
  /** Of all TCP servers on the store together; undefined when there is none. */
  readonly connections: ConnectionCounts | undefined;
}

/** Looks at a server. */
export function viewOf(observed: Observed): View {
  const { store } = observed;
  return {
    observed,
    stats: store.stats(),
    nowMs: store.nowMs,
    backlogs: backlogsByTransport(store.subscriptions.all),
    connections: sumOf(store.connectionStats),
  };
}

function sumOf(sources: Iterable<ConnectionStatsSource>): ConnectionCounts | undefined {
  let sum: ConnectionCounts | undefined;
  for (const source of sources) {
    sum = sum === undefined ? source.snapshot() : added(sum, source.snapshot());
  }
  return sum;
}

function added(a: ConnectionCounts, b: ConnectionCounts): ConnectionCounts {
  const { commands, ...counts } = a;
  return {
    ...addedNumbers(counts, { ...b }),
    commands: addedNumbers(commands, b.commands),
  };
}

/** The sums of the numbers of the same names, for the names of `a`. */
function addedNumbers<T extends Record<keyof T, number>>(a: T, b: Record<string, unknown>): T {
  const sums = Object.entries<number>(a).map(([name, value]) => [name, value + Number(b[name])]);
  return Object.fromEntries(sums);
}
