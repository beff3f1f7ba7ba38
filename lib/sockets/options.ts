/**
 * The options of sockets and of their methods.
 *
 * @module
 */

import { abortSignal, directoryPath, durationMs, flag, observer } from "../base/option_checks.ts";
import { checkInteger } from "../base/checks.ts";
import { MAX_PATTERN_LENGTH } from "../base/glob_automaton.ts";
import { checkTopic } from "../channel/topics.ts";
import { MAX_WINDOW } from "../../wasm/layout.ts";
import { type OptionChecks, OptionRules } from "../base/option_rules.ts";
import { formatValue, type TimeoutOptions, type WaitOptions } from "../base/options.ts";
import { checkCapacity, MAX_CAPACITY_BYTES } from "../channel/channel_options.ts";
import { checkLabel } from "../segment/label.ts";
import { type CodecName, resolveCodec } from "../codecs/builtin.ts";
import type { SocketOptions } from "./socket.ts";

const TIMEOUT_CHECKS: OptionChecks<TimeoutOptions> = { timeoutMs: durationMs };
const WAIT_CHECKS: OptionChecks<WaitOptions> = { ...TIMEOUT_CHECKS, signal: abortSignal };

/** The checks of `SocketOptions`. */
export const SOCKET_CHECKS: OptionChecks<SocketOptions> = {
  capacityBytes: (_name, value) => checkCapacity(value),
  codec: (_name, value) => resolveCodec(value as CodecName),
  dir: directoryPath,
  persist: flag,
  instrumentation: observer,
  label: checkLabel,
};

/** Options of a socket that receives messages. */
export interface ReceiverOptions extends SocketOptions {
  /**
   * With codec `"raw"`, true lets the arrays of messages of up to 1 KiB share buffers of 8 KiB: `recv`,
   * `recvSync`, `tryRecv` and iteration then take a third of the time. One array that is kept keeps its whole
   * buffer. The buffer cannot be transferred, and is posted whole: post a copy, `bytes.slice()`. Default:
   * false, each array has a buffer of its own.
   */
  pooled?: boolean;
}

/** The checks of `ReceiverOptions`. */
export const RECEIVER_CHECKS: OptionChecks<ReceiverOptions> = { ...SOCKET_CHECKS, pooled: flag };

/** Options of a subscriber. */
export interface SubscriberOptions extends ReceiverOptions {
  /**
   * Where the subscriber begins: `"now"` with what is sent after it attached; `"oldest"` with all that the
   * rings of the channel still hold; a number `n` with the newest `n` messages of each ring. What it asked for
   * and is gone counts in `statistics().missed`. Default: `"now"`.
   */
  since?: "oldest" | "now" | number | undefined;
  /**
   * Patterns of the topics that it receives: `*` matches any number of characters, `?` one, `[a-z]` one of a
   * class. Messages of other topics, and those without a topic, are passed without being decoded; they count in
   * `statistics().unmatched`. Default: all messages are received.
   */
  topics?: readonly string[] | undefined;
  /**
   * If true, it receives only the newest message of each topic, and of those without a topic; what that
   * replaced counts in `statistics().conflated`. Default: false.
   */
  conflate?: boolean | undefined;
  /** If true, it receives each value with its topic, as a `TopicMessage`. Default: false. */
  withTopic?: boolean | undefined;
}

/** The topic of a message. */
export interface TopicOptions {
  /** A text of up to 255 bytes of UTF-8, by which subscribers choose. Default: none. */
  topic?: string | undefined;
}

/** Options of a call that publishes, and blocks while it has to wait. */
export interface TopicTimeoutOptions extends TimeoutOptions, TopicOptions {}

/** Options of a call that publishes, and waits in the event loop. */
export interface TopicWaitOptions extends WaitOptions, TopicOptions {}

/** Options of a publisher. */
export interface PublisherOptions extends SocketOptions {
  /**
   * The newest messages of this publisher that its ring always keeps for subscribers with `since`, once so
   * many were sent. The constructor throws if the ring is too small. Default: 0, a ring keeps what fits, and
   * evicts an eighth of itself at once.
   */
  history?: number | undefined;
  /** Bytes of the longest message for which `history` holds, as it is encoded. Default: 1,024. */
  historyMessageBytes?: number | undefined;
}

const MAX_HISTORY = 2 ** 27;

const PUBLISHER_CHECKS: OptionChecks<PublisherOptions> = {
  ...SOCKET_CHECKS,
  history: (name, value) => checkInteger(name, value, 0, MAX_HISTORY),
  historyMessageBytes: (name, value) => checkInteger(name, value, 0, MAX_CAPACITY_BYTES),
};

/**
 * Checks where a subscriber begins.
 *
 * @throws {RangeError} if it is no such place
 */
function checkSince(name: string, value: unknown): "oldest" | "now" | number {
  if (value === "oldest" || value === "now") return value;
  if (Number.isSafeInteger(value) && value as number >= 0) return value as number;
  throw new RangeError(
    `${name} must be "oldest", "now" or a whole number of messages, at least 0, not ` +
      formatValue(value),
  );
}

/** Most patterns of one subscriber: each is matched with each topic that is new to it. */
const MAX_PATTERNS = 1000;

/**
 * Checks the patterns of a subscriber.
 *
 * @throws {TypeError} if they are no list of texts
 * @throws {RangeError} if it is empty, or too long, or has a pattern that is
 */
function checkTopics(name: string, value: unknown): readonly string[] {
  if (!Array.isArray(value)) {
    throw new TypeError(`${name} must be a list of patterns, not ${formatValue(value)}`);
  }
  if (value.length === 0 || value.length > MAX_PATTERNS) {
    throw new RangeError(
      `${name} must have from 1 to ${MAX_PATTERNS} patterns, not ${value.length}`,
    );
  }
  value.forEach((pattern, at) => checkPattern(`${name}[${at}]`, pattern));
  return value;
}

function checkPattern(name: string, pattern: unknown): void {
  if (typeof pattern !== "string" || pattern === "") {
    throw new TypeError(`${name} must be a text that is not empty, not ${formatValue(pattern)}`);
  }
  if (pattern.length <= MAX_PATTERN_LENGTH) return;
  throw new RangeError(
    `${name} must have at most ${MAX_PATTERN_LENGTH} characters, not ${pattern.length}`,
  );
}

const SUBSCRIBER_CHECKS: OptionChecks<SubscriberOptions> = {
  ...RECEIVER_CHECKS,
  since: checkSince,
  topics: checkTopics,
  conflate: flag,
  withTopic: flag,
};

const ONLY_PULLERS = "only pullers acknowledge";
const ONLY_SUBSCRIBERS = "only subscribers begin with what was sent before";
const ONLY_BY_TOPIC = "only subscribers receive by topic";
const ONLY_PUBLISHERS = "only publishers keep a history";
const ONLY_RECEIVERS = "only subscribers and pullers share buffers";
/** Options of calls, which are no options of a socket. */
export const CALL_OPTIONS = {
  timeoutMs: "pass it to the call that waits",
  signal: "pass it to the call that waits",
} as const;

/** Options of publishers and of subscribers, which no other socket has. */
export const BROADCAST_OPTIONS = {
  since: ONLY_SUBSCRIBERS,
  history: ONLY_PUBLISHERS,
  historyMessageBytes: ONLY_PUBLISHERS,
  topics: ONLY_BY_TOPIC,
  conflate: ONLY_BY_TOPIC,
  withTopic: ONLY_BY_TOPIC,
  topic: "a publisher passes it to send()",
} as const;

const NOT_OF_PULLERS = { ...CALL_OPTIONS, ack: ONLY_PULLERS, maxUnacked: ONLY_PULLERS };
const NOT_OF_SENDERS = { ...NOT_OF_PULLERS, pooled: ONLY_RECEIVERS };

/** The options of a class of sockets that does not acknowledge. */
export function socketOptions(className: string): OptionRules<SocketOptions> {
  const elsewhere = { ...NOT_OF_SENDERS, ...BROADCAST_OPTIONS };
  return new OptionRules<SocketOptions>(`new ${className}()`, SOCKET_CHECKS, elsewhere);
}

/** The options of subscribers. */
export const SUBSCRIBER_OPTIONS = new OptionRules<SubscriberOptions>(
  "new Subscriber()",
  SUBSCRIBER_CHECKS,
  { ...BROADCAST_OPTIONS, ...NOT_OF_PULLERS },
);

/** The options of publishers. */
export const PUBLISHER_OPTIONS = new OptionRules<PublisherOptions>(
  "new Publisher()",
  PUBLISHER_CHECKS,
  { ...BROADCAST_OPTIONS, ...NOT_OF_SENDERS },
);

const NOT_OF_PUSHERS = { topic: "only publishers send with a topic" };
export const SEND_SYNC_OPTIONS = new OptionRules<TimeoutOptions>(
  "sendSync()",
  TIMEOUT_CHECKS,
  NOT_OF_PUSHERS,
);
export const SEND_ASYNC_OPTIONS = new OptionRules<WaitOptions>(
  "sendAsync()",
  WAIT_CHECKS,
  NOT_OF_PUSHERS,
);

const TOPIC_CHECKS: OptionChecks<TopicOptions> = { topic: checkTopic };
const NOT_OF_SEND = {
  timeoutMs: "pass it to sendSync() or sendAsync()",
  signal: "pass it to sendAsync()",
};
export const PUBLISH_OPTIONS = new OptionRules<TopicOptions>("send()", TOPIC_CHECKS, NOT_OF_SEND);
export const PUBLISH_SYNC_OPTIONS = new OptionRules<TopicTimeoutOptions>("sendSync()", {
  ...TIMEOUT_CHECKS,
  ...TOPIC_CHECKS,
});
export const PUBLISH_ASYNC_OPTIONS = new OptionRules<TopicWaitOptions>("sendAsync()", {
  ...WAIT_CHECKS,
  ...TOPIC_CHECKS,
});
export const PUBLISH_MANY_OPTIONS = new OptionRules<TopicOptions>(
  "sendMany()",
  TOPIC_CHECKS,
  NOT_OF_SEND,
);
export const LOAN_OPTIONS = new OptionRules<TopicOptions>("loan()", TOPIC_CHECKS, NOT_OF_SEND);
export const RECV_OPTIONS = new OptionRules<WaitOptions>("recv()", WAIT_CHECKS);
export const RECV_SYNC_OPTIONS = new OptionRules<TimeoutOptions>("recvSync()", TIMEOUT_CHECKS);
export const RECV_INTO_SYNC_OPTIONS = new OptionRules<TimeoutOptions>(
  "recvIntoSync()",
  TIMEOUT_CHECKS,
);
/** Options of `readMany`. */
export interface ReadManyOptions {
  /** Most messages that are read: a whole number, at least 0, or `Infinity`. Default: `Infinity`. */
  limit?: number | undefined;
}

export const READ_MANY_OPTIONS = new OptionRules<ReadManyOptions>("readMany()", {
  limit: (name, value) => value === Infinity ? value : checkInteger(name, value, 0),
});

/** Options of `stream`. */
export interface StreamOptions extends WaitOptions {
  /** Longest wait for space, and for each part, in milliseconds. Default: `Infinity`. */
  timeoutMs?: number | undefined;
  /** Cancels the stream. */
  signal?: AbortSignal | undefined;
  /**
   * Parts that the replier may have produced and the program has not received, from 1 to 255. With 1, the
   * replier produces a part when the program has received the one before. Default: 16.
   */
  window?: number | undefined;
}

export const REQUEST_OPTIONS = new OptionRules<WaitOptions>("request()", WAIT_CHECKS);
export const STREAM_OPTIONS = new OptionRules<StreamOptions>("stream()", {
  ...WAIT_CHECKS,
  window: (name, value) => checkInteger(name, value, 1, MAX_WINDOW),
});
export const REQUEST_SYNC_OPTIONS = new OptionRules<TimeoutOptions>(
  "requestSync()",
  TIMEOUT_CHECKS,
);
