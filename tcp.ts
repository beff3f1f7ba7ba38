/**
 * The TCP server and its backend: messages between processes and machines with true push, by a protocol of
 * lines that any language speaks.
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

export { MessagingConfig, type MessagingConfigInit } from "./backends/messaging/config.ts";
export { EmbeddedMessagingBackend } from "./backends/tcp/backend.ts";
export type {
  EmbeddedAddress,
  EmbeddedMessagingBackendOptions,
  SubscriptionGap,
} from "./backends/tcp/backend_options.ts";
export { createEmbeddedMessagingConfig } from "./backends/tcp/config.ts";
export type { EmbeddedServerConfig, EmbeddedServerOptions } from "./backends/tcp/options.ts";
export { EmbeddedServer } from "./backends/tcp/server.ts";
export { StateHost, type StateHostOptions } from "./backends/state/manager_host.ts";
export type { ServerMode } from "./backends/serving/mode.ts";
export type {
  RequestObserver,
  RequestOutcome,
  ServedRequest,
} from "./backends/serving/observer.ts";
export type { OverflowPolicy } from "./backends/store/subscriber.ts";
export type { ConnectionCounts } from "./backends/store/fronts.ts";
export type { ServerStats } from "./backends/tcp/tally.ts";
