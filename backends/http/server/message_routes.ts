/**
 * The routes by which the dashboard looks at messages, and removes channels.
 *
 * @module
 */

import { messageOf } from "../../../lib/base/thrown.ts";
import { TopicFeed } from "../dashboard/topic_feed.ts";
import type { Machine } from "../metrics/machine_view.ts";
import type { MessageFeed } from "../metrics/message_feed.ts";
import { HttpError } from "./errors.ts";
import { memberText, text } from "./parameters.ts";
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
  route({
    method: "POST",
    path: "/channel_remove",
    summary:
      "Deletes a channel of this machine that nobody uses, whatever it holds; 0 if there is none. Only at " +
      "a server with a token.",
    parameters: { channel: memberText("the channel") },
    response: object({ changed: COUNT }),
    run: (context, { channel }) => remove(context, channel),
  }),
];

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

/** A channel belongs to other programs, so that only who has the token may remove it. */
async function remove(context: RouteContext, channel: string): Promise<Response> {
  if (!context.hasToken) {
    throw new HttpError(403, "channels are removed at a server with a token only");
  }
  const removal = await found(() => machineOf(context).remove(channel));
  if (removal === "used") {
    throw new HttpError(409, `channel ${JSON.stringify(channel)} is used: end what uses it first`);
  }
  return json(JSON.stringify({ changed: Number(removal === "deleted") }));
}
