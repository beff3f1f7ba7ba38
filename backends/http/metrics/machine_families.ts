/**
 * The metrics of the channels of a machine.
 *
 * @module
 */

import type { Family, Sample, ValueFamily } from "./family.ts";
import { largest } from "./largest.ts";
import type { ChannelView, MachineView } from "./machine_view.ts";
import type { View } from "./view.ts";

/** Number of channels with series of their own: those in use, then those with the most messages. */
export const MAX_MACHINE_SERIES = 100;

/** The channels with series of their own. */
function shown({ machine }: View): readonly ChannelView[] {
  return largest(
    machine?.channels ?? [],
    MAX_MACHINE_SERIES,
    (a, b) =>
      Number(b.state === "live") - Number(a.state === "live") ||
      b.sentMessages - a.sentMessages,
  );
}

function ofMachine(
  name: string,
  help: string,
  read: (machine: MachineView) => number,
): ValueFamily {
  return {
    name,
    type: "gauge",
    help,
    labels: [],
    read: ({ machine }) => machine === undefined ? [] : [{ labels: {}, value: read(machine) }],
  };
}

/** A metric with a series for each channel of which its value is known. */
function ofChannel(
  type: ValueFamily["type"],
  name: string,
  help: string,
  read: (channel: ChannelView) => number | undefined,
): ValueFamily {
  return {
    name,
    type,
    help,
    labels: ["channel"],
    read: (view) =>
      shown(view).flatMap((channel) => {
        const value = read(channel);
        return value === undefined ? [] : [{ labels: { channel: channel.name }, value }];
      }),
  };
}

/** How many participants of a channel have each role. */
function byRole({ name, participants }: ChannelView): Sample[] {
  const roles = Map.groupBy(participants.filter(({ isAlive }) => isAlive), ({ role }) => role);
  return [...roles].map(([role, { length }]) => ({
    labels: { channel: name, role },
    value: length,
  }));
}

/** The metrics. */
export const MACHINE_FAMILIES: readonly Family[] = [
  ofMachine("ringbus_channels", "Channels of the machine", ({ total }) => total),
  {
    name: "ringbus_channel_info",
    type: "gauge",
    help: "1 for a channel of the machine, with what it does with a message, and its codec",
    labels: ["channel", "kind", "codec"],
    read: (view) =>
      shown(view).map(({ name, kind, codec }) => ({
        labels: { channel: name, kind, codec },
        value: 1,
      })),
  },
  ofChannel(
    "gauge",
    "ringbus_channel_capacity_bytes",
    "Bytes of the rings of a channel",
    ({ capacityBytes }) => capacityBytes,
  ),
  ofChannel(
    "gauge",
    "ringbus_channel_fill_bytes",
    "Bytes in the rings of a channel that are not taken, or not overwritten yet",
    ({ usedBytes }) => usedBytes,
  ),
  ofChannel(
    "gauge",
    "ringbus_channel_fill_ratio",
    "Fill of the fullest ring of a channel, from 0 to 1; that of a broadcast stays full",
    ({ fill }) => fill,
  ),
  ofChannel(
    "counter",
    "ringbus_channel_sent_messages_total",
    "Messages sent to a channel",
    ({ sentMessages }) => sentMessages,
  ),
  ofChannel(
    "counter",
    "ringbus_channel_sent_bytes_total",
    "Bytes of the messages sent to a channel, with their frames",
    ({ sentBytes }) => sentBytes,
  ),
  ofChannel(
    "counter",
    "ringbus_channel_received_messages_total",
    "Messages that receivers took from a channel; absent for a broadcast, from which nothing is taken",
    ({ takenMessages }) => takenMessages,
  ),
  ofChannel(
    "counter",
    "ringbus_channel_missed_messages_total",
    "Messages that a subscriber missed, or that were rejected because a ring was full",
    ({ droppedMessages }) => droppedMessages,
  ),
  ofChannel(
    "gauge",
    "ringbus_channel_lag_messages",
    "Messages that the slowest receiver of a channel is behind; absent if there is none",
    ({ lagMessages }) => lagMessages,
  ),
  ofChannel(
    "gauge",
    "ringbus_channel_unacknowledged_messages",
    "Messages that a puller took and did not acknowledge",
    ({ unacknowledgedMessages }) => unacknowledgedMessages,
  ),
  ofChannel(
    "gauge",
    "ringbus_channel_keys",
    "Keys of a channel of latest values; absent for other channels",
    ({ keys }) => keys,
  ),
  {
    name: "ringbus_channel_participants",
    type: "gauge",
    help: "Live participants of a channel",
    labels: ["channel", "role"],
    read: (view) => shown(view).flatMap(byRole),
  },
  ofChannel(
    "gauge",
    "ringbus_channel_dead_participants",
    "Participants of a channel that have died, and whose places are not freed yet",
    ({ participants }) => participants.filter(({ isAlive }) => !isAlive).length,
  ),
  ofChannel(
    "gauge",
    "ringbus_channel_damaged",
    "Whether a channel is damaged",
    ({ state }) => Number(state === "damaged"),
  ),
  {
    name: "ringbus_channel_deaths_total",
    type: "counter",
    help: "Participants of a channel that died since the server was started",
    labels: ["channel"],
    read: (view) =>
      shown(view).map(({ name }) => ({
        labels: { channel: name },
        value: view.machine!.deaths.get(name) ?? 0,
      })),
  },
];
