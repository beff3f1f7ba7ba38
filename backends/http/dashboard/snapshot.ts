/**
 * What the dashboard shows of a server at one moment: plain data, bounded whatever the server holds.
 *
 * @module
 */

/** What went through a server in a second. */
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
  /** Who subscribes to it by its name. */
  subscribers: number;
  storedPerSecond: number | null;
}

/** One subscriber. */
export interface SubscriberRow {
  front: string;
  name: string;
  /** The first of what it subscribes to. */
  subscribesTo: string[];
  subscriptions: number;
  messages: number;
  bytes: number;
  /** How long the entry has waited that has waited longest; 0 when none waits. */
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
  /** From a request to the beginning of its answer, in the last second; null when there was none. */
  meanMs: number | null;
}

/** The TCP servers on the store. */
export interface TcpPart {
  connections: number;
  commands: { command: string; count: number; perSecond: number | null }[];
}

/** A server at one moment. Rates are null in the first snapshot. */
export interface Snapshot {
  /** Milliseconds of the Unix epoch. */
  timeMs: number;
  uptimeSeconds: number;
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
  /** The busiest topics, and of those that rest the largest. */
  topics: TopicRow[];
  /** Those for whom most waits. */
  subscribers: SubscriberRow[];
  requests: RouteRow[];
  tcp: TcpPart | null;
}
