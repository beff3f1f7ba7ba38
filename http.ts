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

export {
  SharedMemoryMessagingBackend,
  type SharedMemoryMessagingBackendOptions,
} from "./backends/http/backend.ts";
export {
  createSharedMessagingConfig,
  type SharedMessagingOptions,
} from "./backends/http/config.ts";
export {
  type StartedServer,
  startSharedMemoryServer,
  type StartSharedMemoryServerOptions,
} from "./backends/http/launch.ts";
export {
  SharedMemoryServer,
  type SharedMemoryServerConfig,
  type SharedMemoryServerOptions,
} from "./backends/http/server.ts";
export { MessagingConfig, type MessagingConfigInit } from "./backends/messaging/config.ts";
export type { ServerMode } from "./backends/serving/mode.ts";
export type {
  RequestObserver,
  RequestOutcome,
  ServedRequest,
} from "./backends/serving/observer.ts";
export type { OverflowPolicy } from "./backends/store/subscriber.ts";
export type { TopicInfo } from "./backends/store/topics.ts";
