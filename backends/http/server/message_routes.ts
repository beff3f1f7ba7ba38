/**
 * The routes by which the dashboard looks at messages, and changes topics, keys and channels.
 *
 * @module
 */

import { messageOf } from "../../../lib/base/thrown.ts";
import { TopicFeed } from "../dashboard/topic_feed.ts";
import type { Machine } from "../metrics/machine_view.ts";
import { bytesOfText } from "../../store/byte_string.ts";
import type { MessageFeed } from "../metrics/message_feed.ts";
import { HttpError } from "./errors.ts";
import { memberText, optionalNumber, type Parameters, text, type Values } from "./parameters.ts";
import { reserveStream } from "./reply_quota.ts";
import { json } from "./responses.ts";
import { type Route, route, type RouteContext } from "./route.ts";
import { array, COUNT, object, TEXT } from "./schemas.ts";

const BATCH = object({ messages: array({}), skipped: COUNT, problems: array(TEXT) });

/** The routes, in the order of the documentation. */
export const MESSAGE_ROUTES: readonly Route[] = [
  route({
    method: "GET",
    path: "/topic_messages",
    hasEffect: true,
    summary:
      "Server-Sent Events: the newest messages of a topic and those that are stored from now on, for the " +
      "[dashboard](dashboard.md). Who reads them is no subscriber.",
    parameters: { topic: text("the topic") },
    response: BATCH,
    mediaType: "text/event-stream",
    run: (context, { topic }, _headers, sent) =>
      stream(context, () => Promise.resolve(new TopicFeed(context.store, topic)), sent),
  }),
  route({
    method: "GET",
    path: "/channel_messages",
    hasEffect: true,
    summary:
      "Server-Sent Events: the newest messages of a channel of this machine and those that are sent from " +
      "now on, for the [dashboard](dashboard.md). None is taken.",
    parameters: { channel: text("the channel") },
    response: BATCH,
    mediaType: "text/event-stream",
    run: (context, { channel }, _headers, sent) =>
      stream(context, () => feedOf(machineOf(context), channel), sent),
  }),
  change({
    path: "/channel_remove",
    summary:
      "Deletes a channel of this machine that nobody uses, whatever it holds; 0 if there is none.",
    parameters: { channel: memberText("the channel") },
    run: removeChannel,
  }),
  change({
    path: "/topic_clear",
    summary: "Deletes the messages of a topic.",
    parameters: { topic: memberText("the topic") },
    run: ({ store }, { topic }) => Promise.resolve(store.topics.deleteTopic(topic)),
  }),
  change({
    path: "/key_delete",
    summary: "Deletes a key of a numbered database; 0 if there is none.",
    parameters: {
      key: memberText("the key"),
      database: optionalNumber("number of the database; default: 0"),
    },
    run({ store }, { key, database = 0 }) {
      const keys = store.databases.made.find(({ index }) => index === database);
      return Promise.resolve(Number(keys?.delete(bytesOfText(key)) ?? false));
    },
  }),
];

/** A change. `run` resolves with the number of things that it has changed. */
interface Change<P extends Parameters> {
  readonly path: string;
  readonly summary: string;
  readonly parameters: P;
  run(context: RouteContext, values: Values<P>): Promise<number>;
}

/** A route by which the page changes something: only who has the token may do so. */
function change<P extends Parameters>({ path, summary, parameters, run }: Change<P>): Route {
  return route<P>({
    method: "POST",
    path,
    summary: `${summary} For the [dashboard](dashboard.md), and only at a server with a token.`,
    parameters,
    response: object({ changed: COUNT }),
    async run(context, values) {
      if (!context.hasToken) {
        throw new HttpError(403, "the dashboard changes things at a server with a token only");
      }
      return json(JSON.stringify({ changed: await run(context, values) }));
    },
  });
}

function machineOf({ machine }: RouteContext): Machine {
  if (machine !== undefined) return machine;
  throw new HttpError(404, "this server shows no channels: give it the option channels");
}

async function stream(
  { store, messageStreams }: RouteContext,
  open: () => Promise<MessageFeed>,
  sent: Promise<void>,
): Promise<Response> {
  const checkPlace = () => {
    if (!messageStreams.isFull) return;
    throw new HttpError(429, `${messageStreams.size} viewers look at messages already`);
  };
  checkPlace();
  const feed = await open();
  try {
    // Others may have come meanwhile.
    checkPlace();
    reserveStream(store, sent);
  } catch (error) {
    feed[Symbol.dispose]();
    throw error;
  }
  return messageStreams.open(feed);
}

async function feedOf(machine: Machine, channel: string): Promise<MessageFeed> {
  const feed = await found(() => machine.messages(channel));
  if (feed !== undefined) return feed;
  throw new HttpError(404, `the machine has no channel ${JSON.stringify(channel.slice(0, 100))}`);
}

/** What is asked of a channel; its error says what is wrong with the channel. */
async function found<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw new HttpError(409, messageOf(error));
  }
}

async function removeChannel(
  context: RouteContext,
  { channel }: { readonly channel: string },
): Promise<number> {
  const removal = await found(() => machineOf(context).remove(channel));
  if (removal === "used") {
    throw new HttpError(409, `channel ${JSON.stringify(channel)} is used: end what uses it first`);
  }
  return Number(removal === "deleted");
}
