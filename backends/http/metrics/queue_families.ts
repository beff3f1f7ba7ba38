/**
 * The metrics of message queues.
 *
 * @module
 */

import type { QueueStats } from "../../queue/types.ts";
import type { Family, Sample } from "./family.ts";
import type { QueueView } from "./queue_view.ts";
import type { View } from "./view.ts";

const STATES = ["waiting", "delayed", "leased", "dead"] as const;

/** All metrics of queues. */
export const QUEUE_FAMILIES: readonly Family[] = [
  {
    name: "ringbus_queue_up",
    type: "gauge",
    help: "Whether a message queue has said its numbers",
    labels: ["queue"],
    read: ({ queues }) =>
      queues.map(({ name, channels }) => ({
        labels: { queue: name },
        value: Number(channels !== undefined),
      })),
  },
  {
    name: "ringbus_queue_messages",
    type: "gauge",
    help: "Messages of a channel of a message queue",
    labels: ["queue", "channel", "state"],
    read: (view) =>
      ofChannels(
        view,
        (stats) => STATES.map((state) => ({ labels: { state }, value: stats[state] })),
      ),
  },
  ofChannel(
    "ringbus_queue_oldest_seconds",
    "Age of the oldest message that waits; absent if none does",
    ({ oldestSeconds }) => oldestSeconds,
  ),
  ofChannel(
    "ringbus_queue_consumers",
    "Subscriptions and workers that ask for messages",
    ({ consumers }) => consumers,
  ),
  ofChannel(
    "ringbus_queue_paused",
    "Whether a channel is paused",
    ({ isPaused }) => Number(isPaused),
  ),
  {
    name: "ringbus_queue_events_total",
    type: "counter",
    help: "What has happened to the messages of a channel, in all processes",
    labels: ["queue", "channel", "event"],
    read: (view) =>
      ofChannels(
        view,
        ({ totals }) =>
          Object.entries(totals).map(([event, value]) => ({ labels: { event }, value })),
      ),
  },
];

function ofChannel(
  name: string,
  help: string,
  read: (stats: QueueStats) => number | null,
): Family {
  return {
    name,
    type: "gauge",
    help,
    labels: ["queue", "channel"],
    read: (view) =>
      ofChannels(view, (stats) => {
        const value = read(stats);
        return value === null ? [] : [{ labels: {}, value }];
      }),
  };
}

/** The samples of all channels, with the labels of each. */
function ofChannels({ queues }: View, read: (stats: QueueStats) => Sample[]): Sample[] {
  const ofQueue = ({ name, channels = [] }: QueueView) =>
    channels.flatMap((stats) =>
      read(stats).map(({ labels, value }) => ({
        labels: { queue: name, channel: stats.channel, ...labels },
        value,
      }))
    );
  return queues.flatMap(ofQueue);
}
