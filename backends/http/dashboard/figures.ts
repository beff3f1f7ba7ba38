/**
 * The figures that the history keeps.
 *
 * @module
 */

import { quantileOf } from "../metrics/quantile.ts";
import type { MachineView } from "../metrics/machine_view.ts";
import { type Observed, type View, viewOf } from "../metrics/view.ts";
import type { Durations } from "../../store/durations.ts";
import type { Figures } from "./history.ts";

/** Channels with a series of their own: the busiest. */
const MAX_CHANNELS = 40;
/** Begins the name of the series of a channel. */
export const CHANNEL_PREFIX = "channel ";
/** Requests that wait for messages take as long as they are told to. */
const WAITING_ROUTES: ReadonlySet<string | undefined> = new Set(["/poll"]);

/** Counters at one moment. */
interface Counters {
  readonly atMs: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly channels: ReadonlyMap<string, number>;
  readonly http: Merged;
  readonly tcp: Merged;
}

/** Durations of several calls together. */
interface Merged {
  readonly bounds: readonly number[];
  readonly buckets: readonly number[];
}

/** Makes figures, each of the time since the last ones. */
export class FigureSource {
  readonly #observed: Observed;
  #last: Counters | undefined;

  constructor(observed: Observed) {
    this.#observed = observed;
  }

  /** The figures now; undefined the first time, when there is nothing to compare with. */
  next(machine: MachineView | undefined): Figures | undefined {
    const view = viewOf(this.#observed, { machine });
    const last = this.#last;
    const now = this.#last = countersOf(view);
    if (last === undefined) return undefined;
    const seconds = Math.max(1e-3, (now.atMs - last.atMs) / 1000);
    const rates = Object.entries(now.counts).map(([name, count]) =>
      [name, growth(count, last.counts[name]) / seconds] as const
    );
    return {
      ...Object.fromEntries(rates),
      ...gaugesOf(view),
      httpP99Ms: p99Ms(now.http, last.http),
      tcpP99Ms: p99Ms(now.tcp, last.tcp),
      ...channelRates(now, last, seconds),
    };
  }
}

/** Growth of a counter, which may begin anew or be new. */
function growth(now: number, before = now): number {
  return Math.max(0, now - before);
}

function countersOf(view: View): Counters {
  const { observed, stats, connections, commandDurations, machine } = view;
  const { stored, delivered, dropped } = stats;
  const routes = observed.requests.routes().toArray();
  const commands = Object.values(connections?.commands ?? {}).reduce((sum, n) => sum + n, 0);
  const channels = machine?.channels ?? [];
  const requests = routes.reduce((sum, { count }) => sum + count, 0);
  const refused = routes.reduce((sum, { errors }) => sum + errors, 0);
  return {
    atMs: performance.now(),
    counts: {
      stored,
      delivered,
      dropped,
      requests,
      commands,
      errors: refused + (connections?.errors ?? 0),
      channelMessages: channels.reduce((sum, { sentMessages }) => sum + sentMessages, 0),
      channelDropped: channels.reduce((sum, { droppedMessages }) => sum + droppedMessages, 0),
    },
    channels: new Map(channels.map(({ name, sentMessages }) => [name, sentMessages])),
    http: merged(
      routes.filter(({ path }) => !WAITING_ROUTES.has(path)).map(({ durations }) => durations),
    ),
    tcp: merged([...commandDurations.values()]),
  };
}

function merged(all: readonly Durations[]): Merged {
  const [first] = all;
  if (first === undefined) return { bounds: [], buckets: [] };
  const buckets = first.buckets.map((_, i) =>
    all.reduce((sum, { buckets }) => sum + buckets[i], 0)
  );
  return { bounds: first.bounds, buckets };
}

function p99Ms(now: Merged, last: Merged): number | null {
  const buckets = now.buckets.map((count, i) => growth(count, last.buckets[i] ?? 0));
  const seconds = quantileOf({ bounds: now.bounds, buckets }, 0.99);
  return seconds === null ? null : seconds * 1000;
}

function gaugesOf({ stats, backlogs }: View): Figures {
  const all = [...backlogs.values()];
  return {
    backlog: all.reduce((sum, { messages }) => sum + messages, 0),
    memory: stats.bytes,
    processMemory: Deno.memoryUsage().rss,
  };
}

function channelRates(now: Counters, last: Counters, seconds: number): Figures {
  const rates = [...now.channels].map(([name, count]) =>
    [`${CHANNEL_PREFIX}${name}`, growth(count, last.channels.get(name)) / seconds] as const
  );
  return Object.fromEntries(rates.sort(([, a], [, b]) => b - a).slice(0, MAX_CHANNELS));
}
