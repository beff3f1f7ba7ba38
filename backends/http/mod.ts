/**
 * An HTTP server of messages, and the messaging backend that talks to it.
 *
 * @example
 * ```ts
 * import { SharedMemoryMessagingBackend, SharedMemoryServer } from "@ringbus/ringbus/http";
 *
 * await using server = new SharedMemoryServer();
 * await using backend = new SharedMemoryMessagingBackend({ serverUrl: await server.start() });
 * await backend.hset("user:123", "name", "John");
 * console.log(await backend.hget("user:123", "name")); // John
 * ```
 *
 * @module
 */

export type { Clock } from "../../lib/base/clock.ts";
export { SharedMemoryMessagingBackend } from "./client/backend.ts";
export type {
  SharedMemoryMessagingBackendOptions,
  SharedMessagingOptions,
} from "./client/options.ts";
export { createSharedMessagingConfig } from "./client/config.ts";
export {
  type StartedServer,
  startSharedMemoryServer,
  type StartSharedMemoryServerOptions,
} from "./client/launch.ts";
export {
  SharedMemoryServer,
  type SharedMemoryServerConfig,
  type SharedMemoryServerOptions,
  type ShownChannels,
} from "./server/server.ts";
export type { MessagingConfigInit } from "../messaging/config.ts";
export { MessagingConfig } from "../messaging_config.ts";
export type { ServerMode } from "../hosting/mode.ts";
export type { StopOptions } from "../hosting/stop.ts";
export type { RequestObserver, RequestOutcome, ServedRequest } from "../hosting/observer.ts";
export type { OverflowPolicy } from "../store/subscription.ts";
export type { TopicInfo } from "../store/topics.ts";
