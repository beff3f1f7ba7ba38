/**
 * Channels with a schema, which a module defines and all sides import.
 *
 * @module
 */

import { checkNoMore } from "../base/checks.ts";
import { checkChannelName } from "../channel/channel_options.ts";
import type { CodecName } from "../codecs/builtin.ts";
import type { Codec } from "../codecs/codec.ts";
import { Latest } from "../latest/latest.ts";
import type { LatestOptions } from "../latest/options.ts";
import type { CheckingSide } from "../schema/schema_check.ts";
import type { AnySchema } from "../schema/standard_schema.ts";
import { isLocalHandle, type LocalHandle } from "../segment/worker_memory.ts";
import type { PublisherOptions, SubscriberOptions } from "../sockets/option_types.ts";
import { Publisher } from "../sockets/publisher.ts";
import { Puller } from "../sockets/puller.ts";
import type { PullerOptions } from "../sockets/option_types.ts";
import { Pusher } from "../sockets/pusher.ts";
import { Replier } from "../sockets/replier.ts";
import { Requester } from "../sockets/requester.ts";
import type { SocketOptions } from "../sockets/socket.ts";
import { Subscriber } from "../sockets/subscriber.ts";
import {
  type ChannelPattern,
  checkDefinition,
  type Opening,
  type RequestReplySchema,
  type SharedDefinition,
  socketOptionsOf,
  type ValueSchemas,
} from "./definition.ts";
import type {
  ChannelDefinition,
  ChannelOf,
  DefinedChannel,
  SchemaOf,
  SendableDefinition,
} from "./channel_types.ts";

/**
 * Defines a channel in a module that all sides import: its name, its pattern, and what its messages are. The
 * pattern decides which sockets there are, and the schema decides their types. Nothing is opened until one
 * of its methods is called.
 *
 * What the codec cannot send is an error of the types, if they show it.
 *
 * Costs: those of the sockets, and of the schema on the side that checks.
 *
 * @throws {TypeError} if the name, the schema or an option is invalid
 * @throws {RangeError} if the capacity is out of range
 *
 * @example
 * ```ts
 * import { defineChannel, LocalChannel, typeOnly } from "@ringbus/ringbus";
 *
 * // robot.ts: imported by the robot, and by all who watch it.
 * const robot = defineChannel("robot", {
 *   pattern: "publish/subscribe",
 *   schema: typeOnly<{ x: number; y: number }>(), // or one of zod, valibot or arktype
 *   capacityBytes: 64 * 1024,
 * });
 *
 * using local = LocalChannel.create(); // without this line and `on`: between processes
 * using subscriber = robot.on(local.handle).subscriber();
 * using publisher = robot.on(local.handle).publisher();
 * publisher.send({ x: 1, y: 2 });
 * console.log(subscriber.tryRecv()); // { x: 1, y: 2 }
 * ```
 */
export function defineChannel<
  P extends ChannelPattern,
  S extends SchemaOf<P>,
  C extends CodecName | Codec = "msgpack",
  K extends CheckingSide = "sender",
>(
  name: string,
  definition: ChannelDefinition<P, S, C, K> & SendableDefinition<S, C, K>,
): ChannelOf<P, S, K> {
  checkNoMore("defineChannel()", arguments, 2);
  checkChannelName(name);
  checkDefinition(definition);
  return openingsOf(name, Object.freeze({ ...definition })) as ChannelOf<P, S, K>;
}

/** The methods of a channel's pattern, for a name or a local channel. */
function openingsOf(target: string | LocalHandle, definition: SharedDefinition): DefinedChannel {
  const name = isLocalHandle(target) ? target.name : target;
  const { pattern } = definition;
  const optionsFor: OptionsFor = (opening, schemas, options) =>
    socketOptionsOf(name, definition, opening, schemas, options);
  const on = (other: string | LocalHandle) => {
    if (!isLocalHandle(other)) checkChannelName(other);
    return openingsOf(other, definition);
  };
  const openings = isRequestReply(definition.schema)
    ? requestOpenings(target, definition.schema, optionsFor)
    : OPENINGS[pattern](target, definition.schema, optionsFor);
  return Object.freeze({ name, pattern, on, ...openings });
}

type OptionsFor = <O extends object>(
  opening: Opening,
  schemas: ValueSchemas,
  options: O | undefined,
) => O;

type Openings = Record<string, (options?: never) => unknown>;

function isRequestReply(schema: AnySchema | RequestReplySchema): schema is RequestReplySchema {
  return !("~standard" in schema);
}

type MakeOpenings = (
  target: string | LocalHandle,
  schema: AnySchema,
  optionsFor: OptionsFor,
) => Openings;

const OPENINGS: Record<string, MakeOpenings> = {
  "publish/subscribe": (target, schema, optionsFor) => ({
    publisher: (options?: PublisherOptions) =>
      new Publisher(target, optionsFor("publisher", { outgoing: schema }, options)),
    subscriber: (options?: SubscriberOptions) =>
      new Subscriber(target, optionsFor("subscriber", { incoming: schema }, options)),
  }),
  "push/pull": (target, schema, optionsFor) => ({
    pusher: (options?: SocketOptions) =>
      new Pusher(target, optionsFor("pusher", { outgoing: schema }, options)),
    puller: (options?: PullerOptions) =>
      new Puller(target, optionsFor("puller", { incoming: schema }, options)),
  }),
  latest: (target, schema, optionsFor) => ({
    latest: (options?: LatestOptions) =>
      new Latest(target, optionsFor("latest", { outgoing: schema, incoming: schema }, options)),
  }),
};

function requestOpenings(
  target: string | LocalHandle,
  { request, reply, part = reply }: RequestReplySchema,
  optionsFor: OptionsFor,
): Openings {
  const asked = { outgoing: request, incoming: reply, incomingPart: part };
  const answered = { incoming: request, outgoing: reply, outgoingPart: part };
  return {
    requester: (options?: SocketOptions) =>
      new Requester(target, optionsFor("requester", asked, options)),
    replier: (options?: SocketOptions) =>
      new Replier(target, optionsFor("replier", answered, options)),
  };
}
