/**
 * What options sockets and their methods have, and what handlers they take. Only types: nothing of this is
 * loaded.
 *
 * @module
 */

import type { TimeoutOptions, WaitOptions } from "../base/options.ts";
import type { RequestContext } from "./request_context.ts";
import type { SocketOptions } from "./socket.ts";

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
  /**
   * Milliseconds in which each publisher is expected to send, at least 1: `deadlines()` tells which ones do
   * not. Default: none.
   */
  deadlineMs?: number | undefined;
}

/** Options of `deadlines`. */
export interface DeadlinesOptions {
  /** Ends the iteration. */
  signal?: AbortSignal | undefined;
}

/** A publisher missed the deadline of a subscriber, or sends again. */
export interface DeadlineEvent {
  /**
   * `"missed"`: it has sent nothing for longer than `deadlineMs`, told once; `"met"`: it has sent after that.
   */
  readonly type: "missed" | "met";
  /** Identifies the publisher among all participants, as in `participants()`. */
  readonly id: string;
  /** Its process. */
  readonly pid: number;
  /** The name that its program gave it, with the option `label`. */
  readonly label: string | undefined;
  /** Milliseconds since it was seen to have sent, or since it was found. */
  readonly silentMs: number;
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

/** Options of `readMany`. */
export interface ReadManyOptions {
  /** Most messages that are read: a whole number, at least 0, or `Infinity`. Default: `Infinity`. */
  limit?: number | undefined;
}

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

/** Options of a puller whose messages are done when it receives them. */
export interface PullerOptions extends ReceiverOptions {
  /** False: a message is done when it is received. Default: false. */
  ack?: false;
}

/** Options of a puller that acknowledges its messages. */
export interface AckPullerOptions extends ReceiverOptions {
  /** True: a puller holds each message until `ack()`; without that, the message goes to another puller. */
  ack: true;
  /**
   * How many messages the puller may hold unacknowledged, from 1 to 4,096. Default: 256. At the limit
   * `recv` and the iterator wait, `tryRecv` returns undefined, `drain` returns an empty list, and
   * `recvSync` throws `ShmBufferFullError`, since its wait could not end.
   */
  maxUnacked?: number;
}

/** Options of `serve`. */
export interface ServeOptions {
  /** Ends serving. Requests that were received still get their replies. */
  signal?: AbortSignal | undefined;
  /** Requests handled at the same time. Default: 1. */
  concurrency?: number | undefined;
}

/** Options of `serveStream`. */
export interface ServeStreamOptions<Q = unknown, R = unknown> {
  /** Ends serving. Streams that have begun go on to their end. */
  signal?: AbortSignal | undefined;
  /** Requests handled at the same time. Default: 1. */
  concurrency?: number | undefined;
  /**
   * Replies to those who call `request`, and not `stream`. Default: the generator runs to its end, and
   * what it returns is the reply.
   */
  reply?: RequestHandler<Q, R> | undefined;
}

/**
 * Handles one request: yields the parts of its reply, or throws what its requester gets as
 * `ShmRemoteError`. What it returns ends the stream.
 */
export type StreamHandler<Q, P, R> = (
  request: Q,
  context: RequestContext,
) => AsyncIterable<P, R | void> | Iterable<P, R | void>;

/** Handles one request: returns its reply, or throws what its requester gets as `ShmRemoteError`. */
export type RequestHandler<Q, R> = (request: Q, context: RequestContext) => R | Promise<R>;
