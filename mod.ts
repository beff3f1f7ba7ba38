/**
 * Messages between workers and processes of one machine, through rings in shared memory.
 *
 * @example
 * ```ts
 * import { LocalChannel, Publisher, Subscriber } from "@ringbus/ringbus";
 *
 * using channel = LocalChannel.create();
 * using subscriber = new Subscriber<string>(channel.handle);
 * using publisher = new Publisher<string>(channel.handle);
 * publisher.send("hello");
 * console.log(subscriber.tryRecv()); // "hello"
 * ```
 *
 * @module
 */

export {
  InMemoryMessagingBackend,
  type InMemoryMessagingBackendOptions,
} from "./backends/memory/memory_backend.ts";
export type {
  MessageDelivery,
  MessageHandler,
  MessagingBackend,
  MessagingBackendOptions,
  PublishedHandler,
  PublishedMessage,
  RedisLikeBackend,
  StoreMessageOptions,
  Subscribers,
  SubscriptionOptions,
} from "./backends/messaging/backend.ts";
export { BaseMessagingBackend } from "./backends/messaging/base.ts";
export { StoreMessagingBackend } from "./backends/messaging/store_backend.ts";
export {
  MessagingClosedError,
  MessagingConnectionError,
  MessagingError,
  MessagingRefusedError,
} from "./backends/messaging/errors.ts";
export {
  ShmMessagingBackend,
  type ShmMessagingBackendOptions,
  type ShmMessagingStats,
} from "./backends/shm/backend.ts";
export type { Counters } from "./backends/store/counters.ts";
export { Store, type StoreOptions, type StoreStats } from "./backends/store/store.ts";
export type { ChannelKind, ChannelOptions, Role } from "./lib/attachment.ts";
export type { Codec, CodecName } from "./lib/codec.ts";
export type { Delivery } from "./lib/delivery.ts";
export {
  ShmBufferFullError,
  ShmClosedError,
  ShmConnectionError,
  ShmCorruptionError,
  ShmError,
  ShmPeerLostError,
  ShmPermissionError,
  ShmRemoteError,
  ShmSerializationError,
  ShmTimeoutError,
  ShmUnsupportedError,
} from "./lib/errors.ts";
export {
  GemstoneClockError,
  GemstoneGenerator,
  type GemstoneGeneratorOptions,
  GemstoneId,
  Priority,
} from "./lib/gemstone.ts";
export type { MessageView } from "./lib/inbox.ts";
export { type JsonObject, parseJson, stringifyJson } from "./lib/json.ts";
export { manageSignals } from "./lib/lifetime.ts";
export type { LocalHandle } from "./lib/local.ts";
export { LocalChannel, type LocalChannelOptions } from "./lib/local_channel.ts";
export { Message, type MessageInit } from "./lib/message.ts";
export type { AgentTag } from "./lib/message_fields.ts";
export type { TimeoutOptions, WaitOptions } from "./lib/options.ts";
export { type Loan, MAX_MESSAGE_BYTES } from "./lib/outbox.ts";
export { Publisher } from "./lib/publisher.ts";
export {
  type AckPullerOptions,
  Puller,
  type PullerConstructor,
  type PullerOptions,
} from "./lib/puller.ts";
export { Pusher } from "./lib/pusher.ts";
export { ReceivingSocket } from "./lib/receiving.ts";
export {
  type ChannelInfo,
  listChannels,
  type ParticipantInfo,
  type RegistryOptions,
  removeStale,
  type RemoveStaleOptions,
} from "./lib/registry.ts";
export { Replier, type ServeOptions } from "./lib/replier.ts";
export { Requester } from "./lib/requester.ts";
export { SendingSocket } from "./lib/sending.ts";
export { Socket, type SocketStatistics } from "./lib/socket.ts";
export { Subscriber } from "./lib/subscriber.ts";
export type { Tensor, TypedArray } from "./lib/tensor.ts";
export type { QueueClock } from "./backends/queue/clock.ts";
export {
  QueueAuthenticationError,
  QueueConfigurationError,
  QueueConnectionError,
  QueueError,
  QueueNotInitializedError,
  QueueOutOfMemoryError,
  QueueReplicationError,
  QueueSerializationError,
  QueueTimeoutError,
} from "./backends/queue/errors.ts";
export { QueueFront } from "./backends/queue/front.ts";
export { InMemoryMessageQueue, type InMemoryQueueOptions } from "./backends/queue/memory.ts";
export type {
  AcknowledgeOptions,
  AgentView,
  DeliveryRecord,
  Gap,
  ListOptions,
  MessageFilters,
  MessageQueue,
  MessageRecord,
  PendingOptions,
  PublishOptions,
  QueueConfig,
  QueueConfig as StorageConfig,
  SubscribeOptions,
  Subscription,
} from "./backends/queue/types.ts";
