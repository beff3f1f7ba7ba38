/**
 * Messages between workers and processes of one machine, through rings in shared memory.
 *
 * Every call throws a `TypeError` or `RangeError` at once for an unknown option, for a value of the wrong
 * type, and for an argument too many; a call that returns a promise rejects. The error names the option
 * that was meant.
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

export * from "./channels.ts";
export {
  InMemoryMessagingBackend,
  type InMemoryMessagingBackendOptions,
} from "./backends/messaging/memory.ts";
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
export { defineTopic } from "./backends/messaging/define_topic.ts";
export type {
  DefinedMessage,
  DefinedMessageHandler,
  DefinedMessageInit,
  DefinedTopic,
  MessageDefinition,
  TopicDefinition,
  TopicOnAny,
} from "./backends/messaging/defined.ts";
export { BaseMessagingBackend } from "./backends/messaging/base.ts";
export type { BackendObserver } from "./backends/messaging/observer.ts";
export { StoreMessagingBackend } from "./backends/messaging/store_backend.ts";
export {
  MessagingClosedError,
  MessagingConnectionError,
  MessagingError,
  MessagingRefusedError,
} from "./backends/messaging/errors.ts";
export { ShmMessagingBackend, type ShmMessagingStats } from "./backends/messaging/shm/backend.ts";
export type { ShmMessagingBackendOptions } from "./backends/messaging/shm/options.ts";
export type { Clock } from "./lib/base/clock.ts";
export type { Counters } from "./backends/store/counters.ts";
export { Store, type StoreOptions, type StoreStats } from "./backends/store/store.ts";
export { failuresAfterCommit, type StepAfterCommit } from "./lib/base/failure_counts.ts";
export { SchemaError, type SchemaIssue } from "./lib/base/errors.ts";
export {
  GemstoneClockError,
  GemstoneGenerator,
  type GemstoneGeneratorOptions,
  GemstoneId,
  Priority,
} from "./lib/message/gemstone.ts";
export { type JsonObject, parseJson, stringifyJson } from "./lib/message/json.ts";
export { Latest } from "./lib/latest/latest.ts";
export type {
  LatestOptions,
  LatestSetOptions,
  LatestWatchOptions,
  LatestWatchTarget,
} from "./lib/latest/options.ts";
export { Signal, type SignalOptions } from "./lib/events/signal.ts";
export type { LatestChange } from "./lib/latest/changes.ts";
export { Message, type MessageInit } from "./lib/message/message.ts";
export type { AgentTag } from "./lib/message/fields.ts";
export {
  Channel,
  type ParticipantsOptions,
  watchChannels,
  type WatchChannelsOptions,
} from "./lib/observe/channel.ts";
export type { ChannelEvent, ParticipantEvent, SegmentEvent } from "./lib/observe/channel_events.ts";
export type { ChannelHealth, HealthHold } from "./lib/observe/health.ts";
export type { HoldKind } from "./lib/observe/holds.ts";
export {
  type ChannelInfo,
  listChannels,
  type ParticipantInfo,
  type RegistryOptions,
  removeStale,
  type RemoveStaleOptions,
} from "./lib/observe/registry.ts";
export {
  type CarriedOf,
  type CheckingSide,
  type SentOf,
  typeOnly,
} from "./lib/schema/schema_check.ts";
export type {
  AnySchema,
  InputOf,
  OutputOf,
  SchemaResult,
  SchemaResultIssue,
  StandardSchema,
} from "./lib/schema/standard_schema.ts";
export type { SendingProblem } from "./lib/schema/sendable.ts";
export type {
  ChannelDefinition,
  ChannelOf,
  DefinedChannel,
  DefinedLatest,
  DefinedReplier,
  DefinedRequester,
  DefinedSocketOptions,
  LatestChannel,
  PartOf,
  PublishSubscribeChannel,
  PushPullChannel,
  RequestReplyChannel,
  RequestReplyChannelOf,
  SchemaOf,
  SendableDefinition,
} from "./lib/typed/channel_types.ts";
export { defineChannel } from "./lib/typed/channel.ts";
export type { ChannelPattern, RequestReplySchema } from "./lib/typed/definition.ts";
export type { QueueClock } from "./backends/queue/clock.ts";
export {
  QueueAuthenticationError,
  QueueConfigurationError,
  QueueConnectionError,
  QueueError,
  QueueFullError,
  QueueJobError,
  QueueNotInitializedError,
  QueueOutOfMemoryError,
  QueueReplicationError,
  QueueSerializationError,
  QueueTimeoutError,
  RejectMessage,
} from "./backends/queue/errors.ts";
export { defineQueue } from "./backends/queue/define_queue.ts";
export type {
  DefinedPublishOptions,
  DefinedQueue,
  JsonDefinition,
  QueueDefinition,
  QueueOnAny,
} from "./backends/queue/defined.ts";
export { QueueBase } from "./backends/queue/base.ts";
export { InMemoryMessageQueue, type InMemoryQueueOptions } from "./backends/queue/memory/queue.ts";
export { ShmMessageQueue } from "./backends/queue/shm/queue.ts";
export type { Fsync, ShmQueueOptions } from "./backends/queue/shm/options.ts";
export type {
  AcknowledgeOptions,
  AgentView,
  BackoffPolicy,
  CountedEvent,
  DeadLetter,
  DeliveryRecord,
  EventOptions,
  ExtendOptions,
  Gap,
  InitializeOptions,
  JobContext,
  JobHandler,
  ListOptions,
  MessageFilters,
  MessageQueue,
  MessageRecord,
  PendingOptions,
  PublishAndWaitOptions,
  PublishedRecord,
  PublishOptions,
  PurgedState,
  PurgeOptions,
  QueueConfig,
  QueueConfig as StorageConfig,
  QueueEvent,
  QueueEvents,
  QueueStats,
  QueueWorker,
  RateLimit,
  RejectOptions,
  ReleaseOptions,
  ScheduleRecord,
  ScheduleRule,
  SubscribeOptions,
  Subscription,
  TargetOptions,
  WorkerOptions,
} from "./backends/queue/types.ts";
export type { RedisConnectionOptions, RedisTlsOptions } from "./lib/base/redis_options.ts";
