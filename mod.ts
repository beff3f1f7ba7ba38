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
export type { ChannelKind, Role } from "./lib/segment/format.ts";
export type { ChannelOptions } from "./lib/channel/open.ts";
export type { CodecName } from "./lib/codecs/builtin.ts";
export type { Codec } from "./lib/codecs/codec.ts";
export type { SocketOptions } from "./lib/sockets/socket.ts";
export type { ContextHeaders } from "./lib/base/context_headers.ts";
export { failuresAfterCommit, type StepAfterCommit } from "./lib/base/failure_counts.ts";
export type {
  Instrumentation,
  MessageOperation,
  MessageOrigin,
  OngoingOperation,
  OperationResult,
  Origins,
} from "./lib/base/instrumentation.ts";
export type { Delivery, NackOptions } from "./lib/channel/delivery.ts";
export {
  RingbusError,
  SchemaError,
  type SchemaIssue,
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
} from "./lib/base/errors.ts";
export {
  GemstoneClockError,
  GemstoneGenerator,
  type GemstoneGeneratorOptions,
  GemstoneId,
  Priority,
} from "./lib/message/gemstone.ts";
export type { MessageView } from "./lib/channel/receiver_api.ts";
export type { MessageReader } from "./lib/channel/record_run.ts";
export type {
  DeadlineEvent,
  DeadlinesOptions,
  PublisherOptions,
  ReadManyOptions,
  ReceiverOptions,
  StreamOptions,
  SubscriberOptions,
  TopicOptions,
  TopicTimeoutOptions,
  TopicWaitOptions,
} from "./lib/sockets/option_types.ts";
export { type JsonObject, parseJson, stringifyJson } from "./lib/message/json.ts";
export { manageSignals } from "./lib/presence/exit_hooks.ts";
export { Latest } from "./lib/latest/latest.ts";
export type {
  LatestOptions,
  LatestSetOptions,
  LatestWatchOptions,
  LatestWatchTarget,
} from "./lib/latest/options.ts";
export { Signal, type SignalOptions } from "./lib/events/signal.ts";
export type { LatestChange } from "./lib/latest/changes.ts";
export type { LocalHandle } from "./lib/segment/worker_memory.ts";
export { LocalChannel, type LocalChannelOptions } from "./lib/sockets/local_channel.ts";
export { Message, type MessageInit } from "./lib/message/message.ts";
export type { AgentTag } from "./lib/message/fields.ts";
export type { TimeoutOptions, WaitOptions } from "./lib/base/options.ts";
export type { Loan } from "./lib/channel/loan.ts";
export { MAX_MESSAGE_BYTES } from "./lib/channel/block_allocator.ts";
export { Publisher } from "./lib/sockets/publisher.ts";
export { Puller, type PullerConstructor } from "./lib/sockets/puller.ts";
export type { AckPullerOptions, PullerOptions } from "./lib/sockets/option_types.ts";
export { Pusher } from "./lib/sockets/pusher.ts";
export { ReceivingSocket } from "./lib/sockets/receiving_socket.ts";
export {
  Channel,
  type ParticipantsOptions,
  watchChannels,
  type WatchChannelsOptions,
} from "./lib/observe/channel.ts";
export type { ChannelEvent, ParticipantEvent, SegmentEvent } from "./lib/observe/channel_events.ts";
export type { EventStream } from "./lib/base/event_stream.ts";
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
export { Replier } from "./lib/sockets/replier.ts";
export type {
  RequestHandler,
  ServeOptions,
  ServeStreamOptions,
  StreamHandler,
} from "./lib/sockets/option_types.ts";
export type { RequestContext } from "./lib/sockets/request_context.ts";
export { Requester } from "./lib/sockets/requester.ts";
export { SendingSocket } from "./lib/sockets/sending_socket.ts";
export { Socket } from "./lib/sockets/socket.ts";
export type { SocketStatistics } from "./lib/channel/statistics.ts";
export { Subscriber } from "./lib/sockets/subscriber.ts";
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
export type { TopicMessage } from "./lib/channel/checked_decoder.ts";
export type { Tensor, TypedArray } from "./lib/codecs/tensor.ts";
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
