/**
 * The sockets and channels of Ringbus alone. A program that only sends and receives loads half of the
 * modules of `@ringbus/ringbus`, and starts sooner. The names are the same, and so are the classes: a
 * program may import both.
 *
 * @example
 * ```ts
 * import { LocalChannel, Puller, Pusher } from "@ringbus/ringbus/channels";
 *
 * using channel = LocalChannel.create(); // a name in its place, between processes
 * using puller = new Puller<string>(channel.handle);
 * using pusher = new Pusher<string>(channel.handle);
 * pusher.send("resize 7.png");
 * console.log(puller.tryRecv()); // "resize 7.png"
 * ```
 *
 * @module
 */

export type { ContextHeaders } from "./lib/base/context_headers.ts";
export {
  RingbusError,
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
export type {
  Instrumentation,
  MessageOperation,
  MessageOrigin,
  OngoingOperation,
  OperationResult,
  Origins,
} from "./lib/base/instrumentation.ts";
export type { TimeoutOptions, WaitOptions } from "./lib/base/options.ts";
export { MAX_MESSAGE_BYTES } from "./lib/channel/block_allocator.ts";
export type { Delivery, NackOptions } from "./lib/channel/delivery.ts";
export type { Loan } from "./lib/channel/loan.ts";
export type { ChannelOptions } from "./lib/channel/open.ts";
export type { MessageView } from "./lib/channel/receiver_api.ts";
export type { MessageReader } from "./lib/channel/record_run.ts";
export type { SocketStatistics } from "./lib/channel/statistics.ts";
export type { CodecName } from "./lib/codecs/builtin.ts";
export type { Codec } from "./lib/codecs/codec.ts";
export type { Tensor, TypedArray } from "./lib/codecs/tensor.ts";
export { manageSignals } from "./lib/presence/exit_hooks.ts";
export type { ChannelKind, Role } from "./lib/segment/format.ts";
export type { LocalHandle } from "./lib/segment/worker_memory.ts";
export { LocalChannel, type LocalChannelOptions } from "./lib/sockets/local_channel.ts";
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
export type { EventStream } from "./lib/base/event_stream.ts";
export type { TopicMessage } from "./lib/channel/checked_decoder.ts";
export { Publisher } from "./lib/sockets/publisher.ts";
export { Puller, type PullerConstructor } from "./lib/sockets/puller.ts";
export type { AckPullerOptions, PullerOptions } from "./lib/sockets/option_types.ts";
export { Pusher } from "./lib/sockets/pusher.ts";
export { ReceivingSocket } from "./lib/sockets/receiving_socket.ts";
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
export { Socket, type SocketOptions } from "./lib/sockets/socket.ts";
export { Subscriber } from "./lib/sockets/subscriber.ts";
