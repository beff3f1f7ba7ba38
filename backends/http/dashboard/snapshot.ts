/**
 * What the dashboard shows of a server at one moment: plain data of bounded size.
 *
 * @module
 */

import type { RecentError } from "../../store/recent_errors.ts";
import type { ChannelsPart } from "./channels_part.ts";
import type { ClientsPart } from "./clients_part.ts";
import type { DatabaseRow } from "./keys.ts";
import type { StatesPart } from "./state_part.ts";

/** Rates of a server, per second. */
export interface Rates {
  stored: number;
  published: number;
  delivered: number;
  dropped: number;
  requests: number;
}

/** One topic. */
export interface TopicRow {
  topic: string;
  messages: number;
  bytes: number;
  /** Subscribers of the topic, without those of patterns. */
  subscribers: number;
  /** Subscriptions to patterns that match it. */
  patternSubscribers: number;
  storedPerSecond: number | null;
}

/** One subscriber. */
export interface SubscriberRow {
  transport: string;
  name: string;
  /** The first of its topics and patterns. */
  subscribesTo: string[];
  subscriptions: number;
  messages: number;
  bytes: number;
  /** Age of the oldest entry in its queue; 0 if it is empty. */
  oldestSeconds: number;
  dropped: number;
  deliveredPerSecond: number | null;
  droppedPerSecond: number | null;
}

/** The requests for one route. */
export interface RouteRow {
  route: string;
  requests: number;
  errors: number;
  perSecond: number | null;
  /** Mean time from request to start of the response in the last second; null without requests. */
  meanMs: number | null;
  /** Since the start, for the shares 0.5, 0.9, 0.99 and 0.999. */
  percentilesMs: (number | null)[];
}

/** The TCP servers of the store. */
export interface TcpPart {
  connections: number;
  commands: {
    command: string;
    count: number;
    perSecond: number | null;
    /** Since the start, for the shares 0.5, 0.9, 0.99 and 0.999. */
    percentilesMs: (number | null)[];
  }[];
}

/** One channel of a message queue. */
export interface QueueChannelRow {
  queue: string;
  channel: string;
  waiting: number;
  delayed: number;
  leased: number;
  dead: number;
  consumers: number;
  /** Age of the oldest message that waits; null if none does. */
  oldestSeconds: number | null;
  isPaused: boolean;
  publishedPerSecond: number;
  acknowledgedPerSecond: number;
}

/** The message queues that a server shows. */
export interface QueuesPart {
  /** Whether the page may change them. */
  isChangeable: boolean;
  /** Names of those that do not say their numbers. */
  silent: string[];
  channels: QueueChannelRow[];
}

/** A server at one moment. Rates are null in the first snapshot. */
export interface Snapshot {
  /** Milliseconds of the Unix epoch. */
  timeMs: number;
  uptimeSeconds: number;
  /** Whether the page may change things: the server has a token. */
  isChangeable: boolean;
  memory: { bytes: number; limitBytes: number | null; processBytes: number };
  totals: {
    topics: number;
    messages: number;
    keys: number;
    subscribers: number;
    stored: number;
    dropped: number;
    evicted: number;
    expired: number;
    deleted: number;
    disconnected: number;
  };
  backlog: { messages: number; bytes: number; oldestSeconds: number };
  rates: Rates | null;
  /** The busiest topics, then the largest of the idle ones. */
  topics: TopicRow[];
  /** The subscribers with the longest queues. */
  subscribers: SubscriberRow[];
  requests: RouteRow[];
  tcp: TcpPart | null;
  /** Null if it shows none, and until they have said their numbers once. */
  queues: QueuesPart | null;
  /** Null if it shows none, and until they were read once. */
  channels: ChannelsPart | null;
  /** Null if it shows none, and until they have answered once. */
  states: StatesPart | null;
  /** The numbered databases that have keys. */
  databases: DatabaseRow[];
  /** Null without a TCP server. */
  clients: ClientsPart | null;
  /** The last errors, the newest first. */
  errors: RecentError[];
}
