/**
 * What the command line asks of a running server, whatever protocol it is asked over.
 *
 * @module
 */

/** A topic. What the protocol does not tell is undefined. */
export interface TopicRow {
  readonly topic: string;
  /** Messages that are stored. */
  readonly messages?: number | undefined;
  /** Clients that subscribe to it. */
  readonly subscribers?: number | undefined;
}

/** A key. */
export interface KeyRow {
  readonly key: string;
  /** The kind of its value, as Redis names it. */
  readonly type: string;
  /** The whole seconds that it has to live; -1: no limit. */
  readonly ttl: number;
}

/** What was stored in a topic, or published to it. */
export interface Entry {
  readonly topic: string;
  /** A whole message if it was stored, else the published value. */
  readonly value: unknown;
}

/** A connection to a server. */
export interface ServerClient extends AsyncDisposable {
  /** The topics that have messages; over RESP, which has no messages, those that have subscribers. */
  topics(): Promise<TopicRow[]>;
  /** The messages of a topic. */
  messages(topic: string): Promise<unknown[]>;
  /** Deletes a topic. Resolves with the number of its messages. */
  deleteTopic(topic: string): Promise<number>;
  /** Publishes a value. Resolves with the number of subscribers that it reached. */
  publish(topic: string, value: unknown): Promise<number>;
  /** Calls a function with what is stored in or published to topics, given by names or patterns. */
  follow(topics: readonly string[], onEntry: (entry: Entry) => void): Promise<void>;
  /** The keys that match a pattern, at most so many. */
  keys(pattern: string, limit: number): Promise<KeyRow[]>;
  /** The value of a key of any kind; undefined if there is none. */
  get(key: string): Promise<unknown>;
  /** Sets a key to a text or other JSON. */
  set(key: string, value: unknown, ttlSeconds: number | undefined): Promise<void>;
  /** Deletes a key. False if there was none. */
  deleteKey(key: string): Promise<boolean>;
}

/** A pattern that matches one name alone. */
export function literalPattern(name: string): string {
  return name.replaceAll(/[*?[\]\\^]/g, (character) => `\\${character}`);
}
