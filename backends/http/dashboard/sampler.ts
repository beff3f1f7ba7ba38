/**
 * Takes snapshots of a server, each with the rates since the one before.
 *
 * @module
 */

import { largest } from "../metrics/largest.ts";
import type { RouteStats } from "../metrics/request_stats.ts";
import { type Observed, type View, viewOf } from "../metrics/view.ts";
import type { Subscription } from "../../store/subscription.ts";
import type { Topic } from "../../store/topic.ts";
import { CounterDeltas, deltasOf } from "./rates.ts";
import { ChannelFollower } from "./channels_part.ts";
import { clientsOf } from "./clients_part.ts";
import { errorsOf } from "./errors_part.ts";
import { databasesOf } from "./keys.ts";
import { QueueFollower } from "./queue_follower.ts";
import { StateFollower } from "./state_part.ts";
import { patternSubscribers } from "../metrics/pattern_subscribers.ts";
import { percentilesMs } from "../metrics/quantile.ts";
import type { Rates, RouteRow, Snapshot, SubscriberRow, TcpPart, TopicRow } from "./snapshot.ts";

/** Most rows of a table. */
export const MAX_ROWS = 50;
/** Most names of topics and patterns that a row of a subscriber shows. */
const MAX_NAMES = 3;

/** The counters at the last snapshot. */
interface CounterSample {
  readonly atMs: number;
  readonly counts: Record<keyof Rates, number>;
  readonly commands: Readonly<Record<string, number>>;
}

/** The sampler of one server. */
export class Sampler {
  readonly #observed: Observed;
  readonly #stored = new CounterDeltas<Topic>();
  readonly #delivered = new CounterDeltas<Subscription>();
  readonly #dropped = new CounterDeltas<Subscription>();
  readonly #requests = new CounterDeltas<RouteStats>();
  readonly #requestSeconds = new CounterDeltas<RouteStats>();
  readonly #queues: QueueFollower;
  readonly #channels: ChannelFollower;
  readonly #states: StateFollower;
  #last: CounterSample | undefined;

  constructor(observed: Observed) {
    this.#observed = observed;
    this.#queues = new QueueFollower(observed.queues ?? {}, observed.hasToken ?? false);
    this.#channels = new ChannelFollower(observed.machine);
    this.#states = new StateFollower(observed.states ?? {});
  }

  /** A snapshot of the server. */
  sample(): Snapshot {
    const view = viewOf(this.#observed);
    const last = this.#last;
    const current = takeSample(view);
    this.#last = current;
    const seconds = last && (current.atMs - last.atMs) / 1000;
    const rate = (delta: number) => seconds === undefined ? null : delta / seconds;
    return {
      ...summaryOf(view),
      isChangeable: this.#observed.hasToken ?? false,
      rates: last === undefined || seconds === undefined ? null : ratesOf(current, last, seconds),
      topics: this.#topics(rate),
      subscribers: this.#subscribers(view.nowMs, rate),
      requests: this.#routes(rate),
      tcp: tcpOf(view, last, rate),
      queues: this.#queues.next(),
      channels: this.#channels.next(),
      states: this.#states.next(),
      databases: databasesOf(this.#observed.store),
      clients: clientsOf(this.#observed.store.connectionStats),
      errors: errorsOf(this.#observed),
    };
  }

  #topics(rate: Rate): TopicRow[] {
    const { topics, subscriptions } = this.#observed.store;
    const deltas = topics.values().map((topic) => ({
      topic,
      stored: this.#stored.update(topic, topic.stored),
    }));
    return largest(
      deltas,
      MAX_ROWS,
      (a, b) => b.stored - a.stored || b.topic.length - a.topic.length,
    ).map(({ topic: { name, length, bytes }, stored }) => ({
      topic: name,
      messages: length,
      bytes,
      subscribers: subscriptions.countOf(name),
      patternSubscribers: patternSubscribers(subscriptions, name),
      storedPerSecond: rate(stored),
    }));
  }

  #subscribers(nowMs: number, rate: Rate): SubscriberRow[] {
    const deltas = this.#observed.store.subscriptions.all.values().map((subscriber) => ({
      subscriber,
      delivered: this.#delivered.update(subscriber, subscriber.delivered),
      dropped: this.#dropped.update(subscriber, subscriber.dropped),
    }));
    return largest(
      deltas,
      MAX_ROWS,
      (a, b) => b.subscriber.length - a.subscriber.length || b.delivered - a.delivered,
    ).map(({ subscriber, delivered, dropped }) => ({
      transport: subscriber.transport,
      name: subscriber.name,
      subscribesTo: firstNames(subscriber),
      subscriptions: subscriber.topics.size + subscriber.patterns.size,
      messages: subscriber.length,
      bytes: subscriber.bytes,
      oldestSeconds: secondsSince(subscriber.oldestAtMs, nowMs),
      dropped: subscriber.dropped,
      deliveredPerSecond: rate(delivered),
      droppedPerSecond: rate(dropped),
    }));
  }

  #routes(rate: Rate): RouteRow[] {
    return this.#observed.requests.routes().map((stats) => {
      const requests = this.#requests.update(stats, stats.count);
      const seconds = this.#requestSeconds.update(stats, stats.seconds);
      return {
        route: stats.method === undefined ? "no such call" : `${stats.method} ${stats.path}`,
        requests: stats.count,
        errors: stats.errors,
        perSecond: rate(requests),
        meanMs: requests === 0 ? null : seconds / requests * 1000,
        percentilesMs: percentilesMs(stats.durations),
      };
    }).toArray().sort((a, b) => b.requests - a.requests);
  }
}

type Rate = (delta: number) => number | null;

function takeSample({ observed, stats, connections }: View): CounterSample {
  const { stored, published, delivered, dropped } = stats;
  const requests = observed.requests.routes().reduce((sum, { count }) => sum + count, 0);
  return {
    atMs: performance.now(),
    counts: { stored, published, delivered, dropped, requests },
    commands: connections?.commands ?? {},
  };
}

function ratesOf(current: CounterSample, last: CounterSample, seconds: number): Rates {
  const { stored, published, delivered, dropped, requests } = deltasOf(current.counts, last.counts);
  return {
    stored: stored / seconds,
    published: published / seconds,
    delivered: delivered / seconds,
    dropped: dropped / seconds,
    requests: requests / seconds,
  };
}

function summaryOf({ observed, stats, backlogs, nowMs }: View) {
  const { store } = observed;
  const { topics, messages, keys, stored, dropped, evicted, expired, deleted, disconnected } =
    stats;
  const all = [...backlogs.values()];
  return {
    timeMs: Date.now(),
    uptimeSeconds: observed.uptimeSeconds(),
    memory: {
      bytes: stats.bytes,
      limitBytes: store.maxBytes === Infinity ? null : store.maxBytes,
      processBytes: Deno.memoryUsage().rss,
    },
    totals: {
      topics,
      messages,
      keys,
      subscribers: store.subscriptions.all.size,
      stored,
      dropped,
      evicted,
      expired,
      deleted,
      disconnected,
    },
    backlog: {
      messages: all.reduce((sum, { messages }) => sum + messages, 0),
      bytes: all.reduce((sum, { bytes }) => sum + bytes, 0),
      oldestSeconds: secondsSince(Math.min(...all.map(({ oldestAtMs }) => oldestAtMs)), nowMs),
    },
  };
}

function tcpOf(
  { connections, commandDurations }: View,
  last: CounterSample | undefined,
  rate: Rate,
): TcpPart | null {
  if (connections === undefined) return null;
  const deltas = deltasOf(connections.commands, last?.commands ?? {});
  const commands = Object.entries(connections.commands)
    .filter(([, count]) => count > 0)
    .map(([command, count]) => ({
      command,
      count,
      perSecond: rate(deltas[command]),
      percentilesMs: percentilesMs(commandDurations.get(command) ?? NOTHING_MEASURED),
    }))
    .sort((a, b) => b.count - a.count);
  return { connections: connections.connections, commands };
}

/** The durations of a command that was not measured. */
const NOTHING_MEASURED = { bounds: [], buckets: [] };

function firstNames({ topics, patterns }: Subscription): string[] {
  return [topics, patterns].flatMap((names) => [...names.values().take(MAX_NAMES)])
    .slice(0, MAX_NAMES);
}

function secondsSince(atMs: number | undefined, nowMs: number): number {
  return Math.max(0, nowMs - (atMs ?? Infinity)) / 1000;
}
