/**
 * The metrics: what each one is called, and how it is read from the state of a server.
 *
 * @module
 */

import type { ConnectionCounts } from "../../store/connection_stats.ts";
import type { Durations } from "../../store/durations.ts";
import type { StoreStats } from "../../store/store.ts";
import type { Topic } from "../../store/topic.ts";
import type { Backlog } from "./backlog.ts";
import { largest } from "./largest.ts";
import type { View } from "./view.ts";

/** Number of topics with a series of their own: those with the most messages. */
export const MAX_TOPIC_SERIES = 100;

/** The labels of a series, in the order of the family. */
export type Labels = Readonly<Record<string, string>>;

/** One value of a metric. */
export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

/** One series of a histogram. */
export interface HistogramSample {
  readonly labels: Labels;
  readonly durations: Durations;
}

interface Described {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
}

/** A metric with all its series. */
export interface ValueFamily extends Described {
  readonly type: "counter" | "gauge";
  /** Its samples; none if it does not apply. */
  read(view: View): readonly Sample[];
}

/** A histogram of durations with all its series. */
export interface HistogramFamily extends Described {
  readonly type: "histogram";
  /** Its series; none if it does not apply. */
  read(view: View): readonly HistogramSample[];
}

/** A metric. */
export type Family = ValueFamily | HistogramFamily;

type Read<T> = (from: T) => number;
type ValueType = ValueFamily["type"];

/** A metric with one series; none if its value is undefined. */
export function single(
  type: ValueType,
  name: string,
  help: string,
  read: (view: View) => number | undefined,
): ValueFamily {
  return {
    name,
    type,
    help,
    labels: [],
    read(view) {
      const value = read(view);
      return value === undefined ? [] : [{ labels: {}, value }];
    },
  };
}

/** A metric with one series that the statistics of the store have. */
export function ofStore(
  type: ValueType,
  name: string,
  help: string,
  read: Read<StoreStats>,
): ValueFamily {
  return single(type, name, help, ({ stats }) => read(stats));
}

/** A metric with one series of all TCP servers of the store. */
export function ofTcp(
  type: ValueType,
  name: string,
  help: string,
  read: Read<ConnectionCounts>,
): ValueFamily {
  return single(type, name, help, ({ connections }) => connections && read(connections));
}

/** A metric with a series for each transport of subscribers. */
export function byTransport(
  name: string,
  help: string,
  read: (backlog: Backlog, view: View) => number,
): ValueFamily {
  return {
    name,
    type: "gauge",
    help,
    labels: ["transport"],
    read: (view) =>
      [...view.backlogs].map(([transport, backlog]) => ({
        labels: { transport },
        value: read(backlog, view),
      })),
  };
}

/** Things with a series of their own, up to a number, and what is read of them. */
interface Series<T> {
  readonly items: Iterable<T>;
  /** The label of the name. */
  readonly label: string;
  readonly count: number;
  nameOf(item: T): string;
  sizeOf(item: T): number;
  read(item: T): number;
}

/** One sample for each of the largest items, and one without a label for the sum of all others. */
export function largestSeries<T>(series: Series<T>): Sample[] {
  const { items, label, count, nameOf, sizeOf, read } = series;
  let total = 0;
  let size = 0;
  const counted = function* () {
    for (const item of items) {
      total += read(item);
      size++;
      yield item;
    }
  };
  const samples: Sample[] = largest(counted(), count, (a, b) => sizeOf(b) - sizeOf(a))
    .map((item) => ({ labels: { [label]: nameOf(item) }, value: read(item) }));
  if (size <= samples.length) return samples;
  const others = samples.reduce((left, { value }) => left - value, total);
  return [...samples, { labels: {}, value: others }];
}

/** One sample for each of the topics with the most messages, and one for the sum of all others. */
export function byTopic(name: string, help: string, read: Read<Topic>): ValueFamily {
  return {
    name,
    type: "gauge",
    help,
    labels: ["topic"],
    read: ({ observed: { store } }) =>
      largestSeries({
        items: store.topics.values(),
        label: "topic",
        count: MAX_TOPIC_SERIES,
        nameOf: (topic) => topic.name,
        sizeOf: (topic) => topic.length,
        read,
      }),
  };
}
