/**
 * The limits of the store, of the HTTP server and of the TCP server. A `DEFAULT_` is a limit that an
 * option changes; the others are fixed.
 *
 * @module
 */

import { checkInteger } from "../../lib/base/checks.ts";

const MIB = 2 ** 20;

// The store.

/** Longest name of a topic, channel or namespace, in UTF-16 code units. */
export const MAX_NAME_LENGTH = 1024;
/** Longest key and longest field of a hash, in UTF-16 code units. */
export const MAX_KEY_LENGTH = 4096;
/** Most topics and patterns that one subscriber subscribes to. */
export const MAX_SUBSCRIPTIONS_PER_SUBSCRIBER = 10_000;
/** Most patterns that one subscriber subscribes to: each may have to be matched with each message. */
export const MAX_PATTERNS_PER_SUBSCRIBER = 1000;
/** Keys in one list, unless it is asked for more. */
export const DEFAULT_LISTED_KEYS = 10_000;
/** Most different patterns of all subscribers of a store. */
export const DEFAULT_MAX_PATTERNS = 10_000;
/** Most entries in the queue of a subscriber. */
export const DEFAULT_MAX_QUEUE_LENGTH = 10_000;
/** Most bytes in the queue of a subscriber. */
export const DEFAULT_MAX_QUEUE_BYTES: number = 64 * MIB;

// The HTTP server.

/** Largest body of a request. */
export const DEFAULT_MAX_BODY_BYTES: number = 16 * MIB;
/** Most subscribers at once, those that poll and event streams together. */
export const DEFAULT_MAX_SUBSCRIBERS = 10_000;
/** A subscriber that does not poll for this time is removed. */
export const DEFAULT_SUBSCRIBER_IDLE_SECONDS = 300;
/** Most entries in the response to a poll, and in one chunk of an event stream. */
export const MAX_ENTRIES_PER_RESPONSE = 100;
/** Bytes of entries after which such a response or chunk gets no further one. */
export const MAX_ENTRY_BYTES_PER_RESPONSE: number = MIB;
/** Time that a poll waits for the first entry. */
export const DEFAULT_POLL_SECONDS = 30;
/** Longest time that a poll may ask to wait. */
export const MAX_POLL_SECONDS = 300;
/** Most dashboards that are open at once. */
export const MAX_DASHBOARDS = 100;

// The TCP server.

/** Most bytes of a line, its end included. */
export const DEFAULT_MAX_LINE_BYTES: number = 16 * MIB;
/** Smallest `maxLineBytes`: a shorter line cannot carry a message. */
export const MIN_MAX_LINE_BYTES = 64;
/** Most bytes of a line before the client is authenticated. */
export const MAX_UNAUTHENTICATED_LINE_BYTES = 4096;
/** Most bytes of the messages in one reply. */
export const DEFAULT_MAX_REPLY_BYTES: number = 256 * MIB;
/** Most connections at once. */
export const DEFAULT_MAX_CONNECTIONS = 10_000;
/** A connection without subscriptions that is silent for this time is closed. */
export const DEFAULT_IDLE_TIMEOUT_MS = 600_000;

// The clients.

/** Most bytes of a reply of a server. */
export const DEFAULT_MAX_CLIENT_REPLY_BYTES: number = 384 * MIB;

/**
 * Returns a limit. `Infinity` means no limit.
 *
 * @throws {RangeError} if it is not a whole number, at least 1
 */
export function checkLimit(name: string, limit: unknown): number {
  return limit === Infinity ? limit : checkInteger(name, limit, 1);
}
