/**
 * All calls that the server takes. Dispatch, the refusal of others, the OpenAPI description and the
 * table in the documentation come from here.
 *
 * @module
 */

import type { StoredMessage } from "../../store/stored_message.ts";
import { type Value, valueToJson } from "../../store/value.ts";
import { exposition } from "../metrics/exposition.ts";
import { jsonArray, textResponse } from "./responses.ts";
import { HttpError } from "./errors.ts";
import { describeRoutes } from "./openapi.ts";
import {
  bodyMessage,
  bodySeconds,
  bodyText,
  bodyValue,
  bodyValues,
  ids,
  number,
  optionalCount,
  optionalId,
  optionalNumber,
  optionalText,
  type Schema,
  text,
  texts,
} from "./parameters.ts";
import { type Route, route } from "./route.ts";
import { statsOf } from "./stats.ts";

const TEXT = { type: "string" };
const COUNT = { type: "integer" };
const MESSAGES = { type: "array", items: { $ref: "#/components/schemas/Message" } };

function object(properties: Record<string, Schema>): Schema {
  return { type: "object", properties };
}

function status(value: string): Schema {
  return object({ status: { const: value } });
}

const namespace = "scope of look-up by id";
const topic = "name of the topic";
const key = "the key";

const SINCE_ID = optionalId(
  "the messages later than that of this id, or in its millisecond and with a larger id",
);
const LIMIT = optionalCount("at most so many; all when left out");

function messages(found: readonly StoredMessage[], limit?: number): Response {
  return jsonArray(found.slice(0, limit).map(({ text }) => text));
}

function value(found: Value | undefined): string {
  return `{"value":${found === undefined ? "null" : valueToJson(found)}}`;
}

/** The routes, in the order of the documentation. */
export const ROUTES: readonly Route[] = [
  route({
    method: "POST",
    path: "/store_message",
    summary: "Stores a message in a topic and tells the topic's subscribers",
    parameters: {
      namespace: bodyText(namespace),
      topic: bodyText(topic),
      message: bodyMessage("the message"),
      ttl: bodySeconds("seconds to live, in place of the message's own"),
    },
    response: status("success"),
    run({ store }, { namespace, topic, message, ttl }) {
      store.storeMessage(namespace, topic, message, ttl);
      return '{"status":"success"}';
    },
  }),
  route({
    method: "GET",
    path: "/messages/{topic}",
    summary: "The messages of a topic, sorted by id",
    parameters: { topic: text(topic), since_id: SINCE_ID, limit: LIMIT },
    response: MESSAGES,
    run: ({ store: { topics } }, { topic, since_id, limit }) =>
      messages(since_id === undefined ? topics.all(topic) : topics.since(topic, since_id), limit),
  }),
  route({
    method: "GET",
    path: "/messages_since/{topic}/{timestamp}",
    summary: "The messages of a topic that are later than a time, sorted by id",
    parameters: {
      topic: text(topic),
      timestamp: number("milliseconds of the Unix epoch, may have a fraction"),
      since_id: optionalId("in place of `timestamp`: later than that of this id"),
      limit: LIMIT,
    },
    response: MESSAGES,
    run: ({ store: { topics } }, { topic, timestamp, since_id, limit }) =>
      messages(
        since_id === undefined
          ? topics.sinceTimestamp(topic, timestamp)
          : topics.since(topic, since_id),
        limit,
      ),
  }),
  route({
    method: "GET",
    path: "/messages_by_id",
    summary: "Messages by id, in the order asked; unknown ones are left out",
    parameters: { namespace: text(namespace), ids: ids("message ids, one parameter each") },
    response: MESSAGES,
    run: ({ store }, { namespace, ids }) => messages(store.topics.byId(namespace, ids)),
  }),
  route({
    method: "DELETE",
    path: "/messages_by_id",
    summary: "Deletes messages from all topics of a namespace",
    parameters: { namespace: text(namespace), ids: ids("message ids, one parameter each") },
    response: object({ deleted: COUNT }),
    run({ store }, { namespace, ids }) {
      const deleted = ids.filter((id) => store.topics.deleteMessage(namespace, id));
      return `{"deleted":${deleted.length}}`;
    },
  }),
  route({
    method: "DELETE",
    path: "/messages/{topic}",
    summary: "Deletes a topic; how many messages were in it",
    parameters: { topic: text(topic) },
    response: object({ deleted: COUNT }),
    run: ({ store }, { topic }) => `{"deleted":${store.topics.deleteTopic(topic)}}`,
  }),
  route({
    method: "GET",
    path: "/topics",
    summary: "The topics that have messages",
    parameters: {},
    response: object({
      topics: { type: "array", items: object({ topic: TEXT, messages: COUNT }) },
    }),
    run: ({ store }) => JSON.stringify({ topics: store.topics.list() }),
  }),
  route({
    method: "POST",
    path: "/subscribe",
    summary: "Has a subscriber's queue take what comes in a topic from now on",
    parameters: { topic: bodyText(topic), subscriber_id: bodyText("any name of its own") },
    response: status("subscribed"),
    run({ subscribers }, { topic, subscriber_id }) {
      subscribers.subscribe(subscriber_id, topic);
      return '{"status":"subscribed"}';
    },
  }),
  route({
    method: "POST",
    path: "/unsubscribe",
    summary: "Ends a subscription to a topic",
    parameters: { topic: bodyText(topic), subscriber_id: bodyText("as it was subscribed") },
    response: status("unsubscribed"),
    run({ subscribers }, { topic, subscriber_id }) {
      subscribers.unsubscribe(subscriber_id, topic);
      return '{"status":"unsubscribed"}';
    },
  }),
  route({
    method: "POST",
    path: "/psubscribe",
    summary: "The same as `/subscribe`, for all topics that a pattern matches",
    parameters: {
      pattern: bodyText(
        "`*` any run of characters, `?` one, `[a-z]` one of a class, `\\` literally",
      ),
      subscriber_id: bodyText("any name of its own"),
    },
    response: status("psubscribed"),
    run({ subscribers }, { pattern, subscriber_id }) {
      subscribers.psubscribe(subscriber_id, pattern);
      return '{"status":"psubscribed"}';
    },
  }),
  route({
    method: "POST",
    path: "/punsubscribe",
    summary: "Ends a subscription to a pattern",
    parameters: {
      pattern: bodyText("as it was subscribed"),
      subscriber_id: bodyText("as it was subscribed"),
    },
    response: status("punsubscribed"),
    run({ subscribers }, { pattern, subscriber_id }) {
      subscribers.punsubscribe(subscriber_id, pattern);
      return '{"status":"punsubscribed"}';
    },
  }),
  route({
    method: "DELETE",
    path: "/subscribers/{subscriber_id}",
    summary: "Ends all subscriptions of a subscriber and forgets its queue",
    parameters: { subscriber_id: text("as it was subscribed") },
    response: object({ deleted: COUNT }),
    run: ({ subscribers }, { subscriber_id }) =>
      `{"deleted":${Number(subscribers.delete(subscriber_id))}}`,
  }),
  route({
    method: "GET",
    path: "/poll",
    summary:
      "Takes up to 100 entries out of a subscriber's queue, and waits for the first one; `dropped` " +
      "tells how many were lost since the last poll because the queue was full, `known` is false for " +
      "a subscriber that has no subscription",
    parameters: {
      subscriber_id: text("as it was subscribed"),
      timeout: optionalNumber("seconds to wait, 0 to 300; 30 when left out"),
    },
    response: object({
      messages: { type: "array", items: { $ref: "#/components/schemas/Entry" } },
      dropped: COUNT,
      known: { type: "boolean" },
    }),
    run: ({ subscribers }, { subscriber_id, timeout }) => subscribers.poll(subscriber_id, timeout),
  }),
  route({
    method: "GET",
    path: "/events",
    summary:
      "Server-Sent Events: what comes in the topics from now on, one entry as in `/poll` an event",
    parameters: {
      topic: texts("a topic, one parameter each"),
      pattern: texts("a pattern, one parameter each"),
      since_id: optionalId(
        "begin with what the topics hold since this id (or header Last-Event-ID)",
      ),
    },
    response: { $ref: "#/components/schemas/Entry" },
    mediaType: "text/event-stream",
    run({ eventStreams }, { topic, pattern, since_id }, headers) {
      const last = headers.get("last-event-id") ?? "";
      const sinceId = last === "" ? since_id : SINCE_ID.read([last], "Last-Event-ID");
      return eventStreams.open({ topics: topic, patterns: pattern, sinceId });
    },
  }),
  route({
    method: "POST",
    path: "/publish",
    summary: "Hands a value to a channel's subscribers without storing it; how many it reached",
    parameters: {
      channel: bodyText("name of the channel: topics and channels are the same"),
      message: bodyValue("a text, or other JSON"),
    },
    response: object({ subscribers: COUNT }),
    run: ({ store }, { channel, message }) =>
      `{"subscribers":${store.subscriptions.publish(channel, message)}}`,
  }),
  route({
    method: "POST",
    path: "/set",
    summary: "Sets a key, whatever it held",
    parameters: {
      key: bodyText(key),
      value: bodyValue("a text, or other JSON"),
      ex: bodySeconds("seconds to live"),
    },
    response: status("OK"),
    run({ store }, { key, value, ex }) {
      store.strings.set(key, value, ex);
      return '{"status":"OK"}';
    },
  }),
  route({
    method: "GET",
    path: "/get/{key}",
    summary: "The value of a key, or null",
    parameters: { key: text(key) },
    response: object({ value: {} }),
    run: ({ store }, { key }) => value(store.strings.get(key)),
  }),
  route({
    method: "POST",
    path: "/hset",
    summary: "Sets a field of a hash",
    parameters: {
      key: bodyText(key),
      field: bodyText("the field"),
      value: bodyValue("a text, or other JSON"),
    },
    response: status("OK"),
    run({ store }, { key, field, value }) {
      store.hashes.set(key, field, value);
      return '{"status":"OK"}';
    },
  }),
  route({
    method: "GET",
    path: "/hget/{key}/{field}",
    summary: "The value of a field of a hash, or null",
    parameters: { key: text(key), field: text("the field") },
    response: object({ value: {} }),
    run: ({ store }, { key, field }) => value(store.hashes.get(key, field)),
  }),
  route({
    method: "POST",
    path: "/sadd",
    summary: "Adds members to a set; how many were new",
    parameters: {
      key: bodyText(key),
      members: bodyValues("an array of JSON values, or one value"),
    },
    response: object({ added: COUNT }),
    run: ({ store }, { key, members }) => `{"added":${store.sets.add(key, members)}}`,
  }),
  route({
    method: "GET",
    path: "/smembers/{key}",
    summary: "The members of a set",
    parameters: { key: text(key) },
    response: object({ members: { type: "array" } }),
    run: ({ store }, { key }) => `{"members":[${store.sets.members(key).map(valueToJson)}]}`,
  }),
  route({
    method: "DELETE",
    path: "/keys/{key}",
    summary: "Deletes a key, whatever it holds; 1, or 0 if there was none",
    parameters: { key: text(key) },
    response: object({ deleted: COUNT }),
    run: ({ store }, { key }) => `{"deleted":${Number(store.keys.delete(key))}}`,
  }),
  route({
    method: "GET",
    path: "/health",
    summary: "Whether the server runs; needs no token",
    parameters: {},
    isOpen: true,
    response: status("healthy"),
    run: () => '{"status":"healthy"}',
  }),
  route({
    method: "GET",
    path: "/stats",
    summary: "What the server holds, and what it has counted",
    parameters: {},
    response: object({
      status: TEXT,
      uptime: { type: "number" },
      topics: COUNT,
      total_messages: COUNT,
      subscriptions: COUNT,
      pattern_subscriptions: COUNT,
      waiting_polls: COUNT,
    }),
    run: (context) => JSON.stringify(statsOf(context)),
  }),
  route({
    method: "GET",
    path: "/metrics",
    summary: "The same and more for Prometheus: [the metrics](dashboard.md#metrics)",
    parameters: {},
    response: TEXT,
    mediaType: "text/plain",
    async run(context) {
      const { text, contentType } = await exposition(context);
      return textResponse(contentType, text);
    },
  }),
  route({
    method: "GET",
    path: "/snapshots",
    summary: "Server-Sent Events: what the [dashboard](dashboard.md) shows, each second",
    parameters: {},
    response: object({ uptimeSeconds: { type: "number" }, rates: { type: ["object", "null"] } }),
    mediaType: "text/event-stream",
    run({ viewers }) {
      if (viewers.isFull) throw new HttpError(429, `${viewers.size} dashboards are open already`);
      return viewers.open();
    },
  }),
  route({
    method: "GET",
    path: "/openapi.json",
    summary: "This list, as an OpenAPI description",
    parameters: {},
    response: { type: "object" },
    run: () => JSON.stringify(describeRoutes(ROUTES)),
  }),
  route({
    method: "GET",
    path: "/",
    summary:
      "Where to begin: for a browser the [dashboard](dashboard.md); with `token`, sets the cookie by which a browser is let in",
    parameters: { token: optionalText("the server's token") },
    response: object({ name: TEXT, description: TEXT }),
    run: () => '{"name":"ringbus","description":"/openapi.json"}',
  }),
];
