/**
 * What defined channels are for TypeScript. Only types: nothing of this is loaded.
 *
 * @module
 */

import type { TopicMessage } from "../channel/checked_decoder.ts";
import type { Delivery } from "../channel/delivery.ts";
import type { CodecName } from "../codecs/builtin.ts";
import type { Codec } from "../codecs/codec.ts";
import type { Latest } from "../latest/latest.ts";
import type { LatestOptions, LatestSetOptions } from "../latest/options.ts";
import type { CarriedOf, CheckingSide, SentOf } from "../schema/schema_check.ts";
import type { SendingProblem } from "../schema/sendable.ts";
import type { AnySchema, OutputOf } from "../schema/standard_schema.ts";
import type { LocalHandle } from "../segment/worker_memory.ts";
import type {
  PublisherOptions,
  StreamOptions,
  SubscriberOptions,
} from "../sockets/option_types.ts";
import type { Publisher } from "../sockets/publisher.ts";
import type { Puller } from "../sockets/puller.ts";
import type { AckPullerOptions, PullerOptions } from "../sockets/option_types.ts";
import type { Pusher } from "../sockets/pusher.ts";
import type { Replier } from "../sockets/replier.ts";
import type { ServeStreamOptions, StreamHandler } from "../sockets/option_types.ts";
import type { Requester } from "../sockets/requester.ts";
import type { SocketOptions } from "../sockets/socket.ts";
import type { Subscriber } from "../sockets/subscriber.ts";
import type { ChannelPattern, RequestReplySchema } from "./definition.ts";

/** What `defineChannel` takes. */
export interface ChannelDefinition<
  P extends ChannelPattern = ChannelPattern,
  S = SchemaOf<P>,
  C extends CodecName | Codec = CodecName | Codec,
  K extends CheckingSide = CheckingSide,
> {
  /** How messages are distributed. It decides which sockets the channel has. */
  readonly pattern: P;
  /**
   * What messages are: any Standard Schema, version 1, such as those of zod, valibot and arktype. For
   * `"request/reply"` it is `{ request, reply }`, and `part` for parts of streams if they differ from replies.
   */
  readonly schema: S;
  /** How values become bytes. Default: `"msgpack"`. */
  readonly codec?: C | undefined;
  /**
   * Who asks the schema. `"sender"`: what does not match is not sent. `"receiver"`: what does not match is not
   * received. `"none"`: nobody, the schema is a type. Default: `"sender"`.
   */
  readonly check?: K | undefined;
  /** Bytes of the ring of each sender. Default: 1 MiB. */
  readonly capacityBytes?: number | undefined;
  /** Directory of the segment. Default: `RINGBUS_DIR`, or the user's own directory. */
  readonly dir?: string | undefined;
  /** Keeps the segment when its last participant closes. Default: false. */
  readonly persist?: boolean | undefined;
}

/** The schema of a pattern. */
export type SchemaOf<P extends ChannelPattern> = P extends "request/reply" ? RequestReplySchema
  : AnySchema;

/** Options of a socket of a defined channel: the definition decides the codec. */
export type DefinedSocketOptions<O> = Omit<O, "codec">;

/** What all defined channels have. */
export interface DefinedChannel {
  /** Name of the channel. */
  readonly name: string;
  /** How messages are distributed. */
  readonly pattern: ChannelPattern;
}

/** A defined channel whose subscribers receive every message. */
export interface PublishSubscribeChannel<I, O> extends DefinedChannel {
  /** Opens a publisher. Throws what `new Publisher` throws. */
  publisher(options?: DefinedSocketOptions<PublisherOptions>): Publisher<I>;
  /** Opens a subscriber that receives values with their topics. Throws what `new Subscriber` throws. */
  subscriber(
    options: DefinedSocketOptions<SubscriberOptions> & { withTopic: true },
  ): Subscriber<TopicMessage<O>>;
  /** Opens a subscriber. Throws what `new Subscriber` throws. */
  subscriber(options?: DefinedSocketOptions<SubscriberOptions>): Subscriber<O>;
  /** The same definition for another name, or for a local channel. */
  on(target: string | LocalHandle): PublishSubscribeChannel<I, O>;
}

/** A defined channel whose pullers share the messages. */
export interface PushPullChannel<I, O> extends DefinedChannel {
  /** Opens a pusher. Throws what `new Pusher` throws. */
  pusher(options?: DefinedSocketOptions<SocketOptions>): Pusher<I>;
  /** Opens a puller that acknowledges. Throws what `new Puller` throws. */
  puller(options: DefinedSocketOptions<AckPullerOptions>): Puller<Delivery<O>>;
  /** Opens a puller. Throws what `new Puller` throws. */
  puller(options?: DefinedSocketOptions<PullerOptions>): Puller<O>;
  /** The same definition for another name, or for a local channel. */
  on(target: string | LocalHandle): PushPullChannel<I, O>;
}

/** A requester whose streams have parts of type `P`. */
export type DefinedRequester<Q, R, P> = Omit<Requester<Q, R>, "stream"> & {
  /** As `Requester.stream`. */
  stream(value: Q, options?: StreamOptions): AsyncGenerator<P, R, undefined>;
};

/** A replier whose streams have parts of type `P`. */
export type DefinedReplier<Q, R, P> = Omit<Replier<Q, R>, "serveStream"> & {
  /** As `Replier.serveStream`. */
  serveStream(handler: StreamHandler<Q, P, R>, options?: ServeStreamOptions<Q, R>): Promise<void>;
};

/** A defined channel of requests. The types are those of requests, replies and parts, sent and received. */
export interface RequestReplyChannel<QI, QO, RI, RO, PI, PO> extends DefinedChannel {
  /** Opens a requester. Throws what `new Requester` throws. */
  requester(options?: DefinedSocketOptions<SocketOptions>): DefinedRequester<QI, RO, PO>;
  /** Opens a replier. Throws what `new Replier` throws. */
  replier(options?: DefinedSocketOptions<SocketOptions>): DefinedReplier<QO, RI, PI>;
  /** The same definition for another name, or for a local channel. */
  on(target: string | LocalHandle): RequestReplyChannel<QI, QO, RI, RO, PI, PO>;
}

/** Latest values whose setters take `I`. */
export type DefinedLatest<I, O> = Omit<Latest<O>, "set" | "update"> & {
  /** As `Latest.set`. */
  set(key: string, value: I, options?: LatestSetOptions): void;
  /** As `Latest.update`. It returns what `compute` returned. */
  update(key: string, compute: (value: O | undefined) => I, options?: LatestSetOptions): I;
};

/** Defined latest values. */
export interface LatestChannel<I, O> extends DefinedChannel {
  /** Attaches to the values. Throws what `new Latest` throws. */
  latest(options?: DefinedSocketOptions<LatestOptions>): DefinedLatest<I, O>;
  /** The same definition for another name, or for a local channel. */
  on(target: string | LocalHandle): LatestChannel<I, O>;
}

/** The channel of a definition. */
export type ChannelOf<P extends ChannelPattern, S extends SchemaOf<P>, K extends CheckingSide> =
  S extends RequestReplySchema ? RequestReplyChannelOf<S, K>
    : S extends AnySchema
      ? P extends "publish/subscribe" ? PublishSubscribeChannel<SentOf<S, K>, OutputOf<S>>
      : P extends "push/pull" ? PushPullChannel<SentOf<S, K>, OutputOf<S>>
      : P extends "latest" ? LatestChannel<SentOf<S, K>, OutputOf<S>>
      : never
    : never;

/** The channel of a definition of requests. */
export type RequestReplyChannelOf<S extends RequestReplySchema, K extends CheckingSide> =
  RequestReplyChannel<
    SentOf<S["request"], K>,
    OutputOf<S["request"]>,
    SentOf<S["reply"], K>,
    OutputOf<S["reply"]>,
    SentOf<PartOf<S>, K>,
    OutputOf<PartOf<S>>
  >;

/** The schema of the parts of streams. */
export type PartOf<S extends RequestReplySchema> = S extends
  { readonly part: infer P extends AnySchema } ? P : S["reply"];

/**
 * Rejects a definition whose codec cannot send what its schema allows: the error of TypeScript is the text of
 * the `SendingProblem`.
 */
export type SendableDefinition<S, C extends CodecName | Codec, K extends CheckingSide> = (
  S extends AnySchema ? SendingProblem<C, CarriedOf<S, K>>
    : S extends RequestReplySchema ?
        | SendingProblem<C, CarriedOf<S["request"], K>>
        // A handler may reply nothing, with every codec.
        | SendingProblem<C, Exclude<CarriedOf<S["reply"], K>, undefined | void>>
        | SendingProblem<C, CarriedOf<PartOf<S>, K>>
    : never
) extends infer Problem ? [Problem] extends [never] ? unknown : { readonly schema: Problem }
  : never;
