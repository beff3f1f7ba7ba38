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
import type {
  DeadlinesOptions,
  PublisherOptions,
  ReadManyOptions,
  ReceiverOptions,
  StreamOptions,
  SubscriberOptions,
  TopicOptions,
  TopicTimeoutOptions,
  TopicWaitOptions,
} from "./option_types.ts";
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

/** The checks of `ReceiverOptions`. */
export const RECEIVER_CHECKS: OptionChecks<ReceiverOptions> = { ...SOCKET_CHECKS, pooled: flag };

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
  for (const [at, pattern] of value.entries()) checkPattern(`${name}[${at}]`, pattern);
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

function checkDeadline(name: string, value: unknown): number {
  const deadlineMs = durationMs(name, value);
  if (deadlineMs >= 1 && deadlineMs < Infinity) return deadlineMs;
  throw new RangeError(`${name} must be at least 1 and finite, not ${formatValue(value)}`);
}

const SUBSCRIBER_CHECKS: OptionChecks<SubscriberOptions> = {
  ...RECEIVER_CHECKS,
  since: checkSince,
  topics: checkTopics,
  conflate: flag,
  withTopic: flag,
  deadlineMs: checkDeadline,
};

/** The checks of `deadlines()`. */
export const DEADLINES_OPTIONS = new OptionRules<DeadlinesOptions>("deadlines()", {
  signal: abortSignal,
}, { deadlineMs: "pass it to new Subscriber()" });

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
  deadlineMs: "only subscribers expect messages of each publisher",
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
export const READ_MANY_OPTIONS = new OptionRules<ReadManyOptions>("readMany()", {
  limit: (name, value) => value === Infinity ? value : checkInteger(name, value, 0),
});

export const REQUEST_OPTIONS = new OptionRules<WaitOptions>("request()", WAIT_CHECKS);
export const STREAM_OPTIONS = new OptionRules<StreamOptions>("stream()", {
  ...WAIT_CHECKS,
  window: (name, value) => checkInteger(name, value, 1, MAX_WINDOW),
});
export const REQUEST_SYNC_OPTIONS = new OptionRules<TimeoutOptions>(
  "requestSync()",
  TIMEOUT_CHECKS,
);
