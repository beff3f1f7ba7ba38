/**
 * Commands of messages to subscribers.
 *
 * @module
 */

import { bytesOfText, textOfBytes } from "../../store/byte_string.ts";
import { InvalidInputError } from "../../store/errors.ts";
import type { Client } from "../engine/client.ts";
import {
  ALL_KEYS,
  commandGroup,
  type CommandRow,
  NO_KEYS,
  ONE_KEY,
  row,
} from "../engine/command.ts";
import { err, wrongArity } from "../engine/errors.ts";
import type { Channels, ChannelSubscriber } from "../engine/subscriber.ts";
import { ManyReplies, PushReply, type Reply } from "../protocol/reply.ts";
import { helpRow } from "./help.ts";
import { globOf } from "./scan.ts";

const SUBSCRIBE = "pubsub noscript loading stale";
const READ = "pubsub loading stale";

const PUBSUB: CommandRow = {
  ...row("pubsub", -2, "", NO_KEYS, "2.8.0", "What is subscribed to.", () => wrongArity("pubsub")),
  subcommands: [
    row(
      "pubsub|channels",
      -2,
      READ,
      NO_KEYS,
      "2.8.0",
      "The channels with subscribers.",
      ({ service }, args) => channels(service.channels, args, "channels"),
    ),
    helpRow("pubsub|help", "6.2.0", () => PUBSUB),
    row(
      "pubsub|numpat",
      2,
      READ,
      NO_KEYS,
      "2.8.0",
      "The number of different patterns.",
      ({ service }) => service.channels.subscriptions.patterns.size,
    ),
    row(
      "pubsub|numsub",
      -2,
      READ,
      NO_KEYS,
      "2.8.0",
      "The numbers of subscribers of channels.",
      ({ service }, names) => counts(service.channels, names),
    ),
    row(
      "pubsub|shardchannels",
      -2,
      READ,
      NO_KEYS,
      "7.0.0",
      "The channels of shards with subscribers.",
      ({ service }, args) => channels(service.shardChannels, args, "shardchannels"),
    ),
    row(
      "pubsub|shardnumsub",
      -2,
      READ,
      NO_KEYS,
      "7.0.0",
      "The numbers of subscribers of channels of shards.",
      ({ service }, names) => counts(service.shardChannels, names),
    ),
  ],
};

/** Commands of messages to subscribers. */
export const PUBSUB_COMMANDS = commandGroup("pubsub", [
  row(
    "psubscribe",
    -2,
    SUBSCRIBE,
    NO_KEYS,
    "2.0.0",
    "Subscribes to the channels that match patterns.",
    (c, names) => subscribe(c, names, "psubscribe"),
  ),
  row(
    "publish",
    3,
    `${READ} fast`,
    NO_KEYS,
    "2.0.0",
    "Sends a message to the subscribers of a channel; returns their number.",
    ({ service }, args) => publish(service.channels, args),
  ),
  PUBSUB,
  row(
    "punsubscribe",
    -1,
    SUBSCRIBE,
    NO_KEYS,
    "2.0.0",
    "Ends subscriptions to patterns.",
    (c, names) => unsubscribe(c, names, "punsubscribe"),
  ),
  row(
    "spublish",
    3,
    `${READ} fast`,
    ONE_KEY,
    "7.0.0",
    "Sends a message to the subscribers of a channel of a shard.",
    ({ service }, args) => publish(service.shardChannels, args),
  ),
  row(
    "ssubscribe",
    -2,
    SUBSCRIBE,
    ALL_KEYS,
    "7.0.0",
    "Subscribes to channels of shards.",
    (c, names) => subscribe(c, names, "ssubscribe"),
  ),
  row(
    "subscribe",
    -2,
    SUBSCRIBE,
    NO_KEYS,
    "2.0.0",
    "Subscribes to channels.",
    (c, names) => subscribe(c, names, "subscribe"),
  ),
  row(
    "sunsubscribe",
    -1,
    SUBSCRIBE,
    ALL_KEYS,
    "7.0.0",
    "Ends subscriptions to channels of shards.",
    (c, names) => unsubscribe(c, names, "sunsubscribe"),
  ),
  row(
    "unsubscribe",
    -1,
    SUBSCRIBE,
    NO_KEYS,
    "2.0.0",
    "Ends subscriptions to channels.",
    (c, names) => unsubscribe(c, names, "unsubscribe"),
  ),
]);

/** A kind of subscription, by the commands that begin and end it. */
interface SubscriptionKind {
  subscriber(client: Client): ChannelSubscriber;
  begin(subscriber: ChannelSubscriber, name: string): void;
  end(subscriber: ChannelSubscriber, name: string): void;
  names(subscriber: ChannelSubscriber): string[];
}

const CHANNELS: SubscriptionKind = {
  subscriber: (client) => client.ownSubscriber,
  begin: (subscriber, name) => subscriber.subscribe(name),
  end: (subscriber, name) => subscriber.unsubscribe(name),
  names: (subscriber) => subscriber.channels,
};
const SHARDS: SubscriptionKind = { ...CHANNELS, subscriber: (client) => client.ownShardSubscriber };
const PATTERNS: SubscriptionKind = {
  subscriber: (client) => client.ownSubscriber,
  begin: (subscriber, name) => subscriber.psubscribe(name),
  end: (subscriber, name) => subscriber.punsubscribe(name),
  names: (subscriber) => subscriber.patterns,
};
const KINDS: Readonly<Record<string, SubscriptionKind>> = {
  subscribe: CHANNELS,
  unsubscribe: CHANNELS,
  psubscribe: PATTERNS,
  punsubscribe: PATTERNS,
  ssubscribe: SHARDS,
  sunsubscribe: SHARDS,
};

function subscribe(client: Client, names: readonly string[], command: string): Reply {
  const kind = KINDS[command];
  const subscriber = kind.subscriber(client);
  const replies = names.map((name) => {
    checked(() => kind.begin(subscriber, name));
    return new PushReply([command, name, subscriber.count]);
  });
  return new ManyReplies(replies);
}

function unsubscribe(client: Client, names: readonly string[], command: string): Reply {
  const kind = KINDS[command];
  const subscriber = kind.subscriber(client);
  const ended = names.length > 0 ? names : kind.names(subscriber);
  if (ended.length === 0) return new PushReply([command, null, subscriber.count]);
  const replies = ended.map((name) => {
    kind.end(subscriber, name);
    return new PushReply([command, name, subscriber.count]);
  });
  return new ManyReplies(replies);
}

/** The result of a call, or the error about a name that is too long or has control characters. */
function checked<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (error instanceof InvalidInputError) throw err(error.message);
    throw error;
  }
}

function publish({ subscriptions }: Channels, [channel, message]: readonly string[]): Reply {
  return checked(() => subscriptions.publish(textOfBytes(channel), textOfBytes(message)));
}

function channels(
  { subscriptions }: Channels,
  [pattern, ...more]: readonly string[],
  command: string,
): Reply {
  if (more.length > 0) throw wrongArity(`pubsub|${command}`);
  const names = subscriptions.topicNames.map(bytesOfText);
  return names.filter(pattern === undefined ? () => true : globOf(pattern)).toArray();
}

function counts({ subscriptions }: Channels, names: readonly string[]): Reply {
  return names.flatMap((name) => [name, subscriptions.countOf(textOfBytes(name))]);
}
