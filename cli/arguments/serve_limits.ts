/**
 * The limits of the servers, as options.
 *
 * @module
 */

import type { OptionTable, Values } from "../command.ts";
import { bytesOf, numberOf } from "./numbers.ts";
import type { SharedMemoryServerConfig } from "../../backends/http/server/server.ts";
import type { StoreOptions } from "../../backends/store/store.ts";
import type { OverflowPolicy } from "../../backends/store/subscription.ts";
import type { EmbeddedServerConfig } from "../../backends/tcp/server/options.ts";

/** One option for each limit. */
export const LIMIT_OPTIONS = {
  "max-bytes": {
    type: "string",
    value: "BYTES",
    help:
      "most bytes of all messages and keys, such as 512M; the oldest are evicted; default: no limit",
  },
  "max-messages-per-topic": {
    type: "string",
    value: "N",
    help: "most messages of a topic; the oldest are evicted; default: no limit",
  },
  "max-patterns": {
    type: "string",
    value: "N",
    help: "most different patterns of all subscribers; default: 10000",
  },
  "max-queue-length": {
    type: "string",
    value: "N",
    help: "most messages that wait for one subscriber; default: 10000",
  },
  "max-queue-bytes": {
    type: "string",
    value: "BYTES",
    help: "most bytes that wait for one subscriber; default: 64M",
  },
  overflow: {
    type: "string",
    value: "HOW",
    choices: ["dropOldest", "disconnect"],
    help: "for a full queue: dropOldest, or disconnect its subscriber; default: dropOldest",
  },
  "max-body-bytes": {
    type: "string",
    value: "BYTES",
    help: "HTTP: largest body of a request; default: 16M",
  },
  "max-subscribers": { type: "string", value: "N", help: "HTTP: most subscribers; default: 10000" },
  "subscriber-idle-seconds": {
    type: "string",
    value: "S",
    help: "HTTP: remove a subscriber that has not polled for this time; default: 300",
  },
  "max-line-bytes": { type: "string", value: "BYTES", help: "TCP: longest line; default: 16M" },
  "max-reply-bytes": {
    type: "string",
    value: "BYTES",
    help: "TCP: most bytes of messages in one reply; default: 256M",
  },
  "max-connections": { type: "string", value: "N", help: "TCP: most connections; default: 10000" },
  "idle-timeout-ms": {
    type: "string",
    value: "MS",
    help: "TCP: close a connection that is idle for this time; default: 600000",
  },
} as const satisfies OptionTable;

type EndpointOption = "host" | "port" | "token";
type OfStore = keyof StoreOptions;

/** The limits of the store and of each server. A limit that was not given is undefined. */
export interface ServeLimits {
  readonly store: Every<Omit<StoreOptions, "clock">>;
  readonly http: Every<Omit<SharedMemoryServerConfig, EndpointOption | OfStore>>;
  readonly tcp: Every<Omit<EmbeddedServerConfig, EndpointOption | OfStore>>;
}

/** Every property is required, so that the compiler reports a limit that is missing here. */
type Every<T> = { readonly [Name in keyof Required<T>]: T[Name] | undefined };

/**
 * Reads the limits.
 *
 * @throws {UsageError} if a value is not a number
 */
export function limitsOf(values: Values<typeof LIMIT_OPTIONS>): ServeLimits {
  const count = (name: keyof typeof LIMIT_OPTIONS) => numberOf(name, values[name], { min: 1 });
  const bytes = (name: keyof typeof LIMIT_OPTIONS) => bytesOf(name, values[name]);
  const queue = {
    maxQueueLength: count("max-queue-length"),
    maxQueueBytes: bytes("max-queue-bytes"),
    overflow: values.overflow as OverflowPolicy | undefined,
  };
  return {
    store: {
      maxBytes: bytes("max-bytes"),
      maxMessagesPerTopic: count("max-messages-per-topic"),
      maxPatterns: count("max-patterns"),
    },
    http: {
      ...queue,
      maxBodyBytes: bytes("max-body-bytes"),
      maxSubscribers: count("max-subscribers"),
      subscriberIdleSeconds: count("subscriber-idle-seconds"),
    },
    tcp: {
      ...queue,
      maxLineBytes: bytes("max-line-bytes"),
      maxReplyBytes: bytes("max-reply-bytes"),
      maxConnections: count("max-connections"),
      idleTimeoutMs: count("idle-timeout-ms"),
    },
  };
}
