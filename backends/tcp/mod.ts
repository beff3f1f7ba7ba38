/**
 * The TCP server and its backend: messages between processes and machines, pushed to subscribers, by a
 * line protocol that is simple to implement in any language.
 *
 * @example
 * ```ts
 * import { GemstoneGenerator, Message } from "@ringbus/ringbus";
 * import { EmbeddedMessagingBackend, EmbeddedServer } from "@ringbus/ringbus/tcp";
 *
 * await using server = new EmbeddedServer({ port: 0 });
 * await using backend = new EmbeddedMessagingBackend({ port: await server.start() });
 * const message = new Message({
 *   idObj: new GemstoneGenerator(1).getId(),
 *   sender: { id: "sender", name: "Sender" },
 *   topics: "test_topic",
 *   payload: { data: "Hello World" },
 * });
 * await backend.storeMessage("test", "test_topic", message);
 * const [stored] = await backend.getMessagesForTopic("test_topic");
 * console.log(stored.payload.data); // Hello World
 * ```
 *
 * @module
 */

export type { MessagingConfigInit } from "../messaging/config.ts";
export { MessagingConfig } from "../messaging_config.ts";
export { EmbeddedMessagingBackend } from "./client/backend.ts";
export type {
  EmbeddedAddress,
  EmbeddedMessagingBackendOptions,
  EmbeddedMessagingOptions,
  SubscriptionGap,
} from "./client/options.ts";
export { createEmbeddedMessagingConfig } from "./client/config.ts";
export type { EmbeddedServerConfig, EmbeddedServerOptions } from "./server/options.ts";
export { EmbeddedServer } from "./server/server.ts";
export type { Clock } from "../../lib/base/clock.ts";
export type { RedisOptions } from "../resp/server/options.ts";
export {
  type FaultError,
  type FaultOptions,
  type InjectedFault,
  type RedisFault,
  RedisFaults,
} from "../resp/engine/faults.ts";
export type { CommandService } from "./server/service.ts";
export { StateHost, type StateHostOptions } from "../state/manager/host.ts";
export type { ServerMode } from "../hosting/mode.ts";
export type { StopOptions } from "../hosting/stop.ts";
export type { RequestObserver, RequestOutcome, ServedRequest } from "../hosting/observer.ts";
export type { OverflowPolicy } from "../store/subscription.ts";
export type { ConnectionCounts } from "../store/connection_stats.ts";
export type { ServerStats } from "./server/stats.ts";
