/**
 * The state of a server that its metrics and its dashboard are made from.
 *
 * @module
 */

import type { ConnectionCounts, ConnectionStatsSource } from "../../store/connection_stats.ts";
import { COMMAND_BOUNDS_SECONDS, Durations } from "../../store/durations.ts";
import type { Store, StoreStats } from "../../store/store.ts";
import type { RecentError } from "../../store/recent_errors.ts";
import type { SharedBackend } from "../../state/types.ts";
import { type Backlog, backlogsByTransport } from "./backlog.ts";
import type { Machine, MachineView } from "./machine_view.ts";
import type { NamedQueues, QueueView } from "./queue_view.ts";
import type { StateView } from "./state_view.ts";
import type { RouteStats } from "./request_stats.ts";

/** A server under observation. */
export interface Observed {
  readonly store: Store;
  readonly requests: {
    routes(): IteratorObject<RouteStats>;
    readonly recentErrors: Iterable<RecentError>;
  };
  readonly subscribers: { readonly waiting: number };
  readonly eventStreams: { readonly size: number };
  /** Message queues to show. */
  readonly queues?: NamedQueues | undefined;
  /** The channels of this machine, if they are shown. */
  readonly machine?: Machine | undefined;
  /** Shared states to show. */
  readonly states?: Readonly<Record<string, SharedBackend>> | undefined;
  /** Whether requests need a token. */
  readonly hasToken?: boolean;
  uptimeSeconds(): number;
}

/** A server at one moment. */
export interface View {
  readonly observed: Observed;
  readonly stats: StoreStats;
  /** Milliseconds of the store's clock. */
  readonly nowMs: number;
  /** By transport. */
  readonly backlogs: ReadonlyMap<string, Backlog>;
  /** Counters of all TCP servers of the store together; undefined if there is none. */
  readonly connections: ConnectionCounts | undefined;
  /** Durations of the commands of all TCP servers of the store together, by command. */
  readonly commandDurations: ReadonlyMap<string, Durations>;
  readonly queues: readonly QueueView[];
  readonly states: readonly StateView[];
  /** The channels of this machine; undefined if they are not shown, or cannot be read. */
  readonly machine: MachineView | undefined;
}

/** What is asked for before a view is taken. */
export interface AskedViews {
  readonly queues?: readonly QueueView[];
  readonly states?: readonly StateView[];
  readonly machine?: MachineView | undefined;
}

/** Takes the state of a server, with what its queues and the machine have said. */
export function viewOf(
  observed: Observed,
  { queues = [], states = [], machine }: AskedViews = {},
): View {
  const { store } = observed;
  return {
    observed,
    stats: store.stats(),
    nowMs: store.nowMs,
    backlogs: backlogsByTransport(store.subscriptions.all),
    connections: sumOf(store.connectionStats),
    commandDurations: durationsOf(store.connectionStats),
    queues,
    states,
    machine,
  };
}

function sumOf(sources: Iterable<ConnectionStatsSource>): ConnectionCounts | undefined {
  let sum: ConnectionCounts | undefined;
  for (const source of sources) {
    sum = sum === undefined ? source.snapshot() : added(sum, source.snapshot());
  }
  return sum;
}

function durationsOf(sources: Iterable<ConnectionStatsSource>): Map<string, Durations> {
  const sums = new Map<string, Durations>();
  for (const source of sources) {
    for (const [command, durations] of source.durations()) {
      const sum = sums.get(command) ?? new Durations(COMMAND_BOUNDS_SECONDS);
      sum.add(durations);
      sums.set(command, sum);
    }
  }
  return sums;
}

function added(a: ConnectionCounts, b: ConnectionCounts): ConnectionCounts {
  const { commands, ...counts } = a;
  return {
    ...addedNumbers(counts, { ...b }),
    commands: addedNumbers(commands, b.commands),
  };
}

/** The sums of the numbers with the same names, for the names of `a`. */
function addedNumbers<T extends Record<keyof T, number>>(a: T, b: Record<string, unknown>): T {
  const sums = Object.entries<number>(a).map(([name, value]) => [name, value + Number(b[name])]);
  return Object.fromEntries(sums);
}
