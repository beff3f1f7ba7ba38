/**
 * The operations of the store, each declared once. The routes of the HTTP server and its OpenAPI
 * description, the commands of the TCP server, the records of the journal in shared memory, the requests
 * of the clients and the tables of the pages follow from here.
 *
 * @module
 */

import * as args from "./arguments.ts";
import { DEFAULT_LISTED_KEYS } from "./limits.ts";
import type { StoredMessage } from "./stored_message.ts";
import { type Operation, operation, subscriberOperation } from "./operation.ts";

const NAMESPACE = args.name("namespace", "scope of the ids");
const TOPIC = args.name("topic", "name of the topic");
const KEY = args.key("key", "the key");
const FIELD = args.key("field", "the field");
const VALUE = args.value("a text, or other JSON");
const IDS = args.ids("message ids");
const PATTERN = args.pattern(
  "`*` any number of characters, `?` one, `[a-z]` one of a class, `\\` the next one literally",
);
const LIMIT = args.optional(args.count("most messages; default: all"));
/** The first messages. Without a limit nothing is copied: there may be many, and many that ask for them. */
function firstOf(
  messages: readonly StoredMessage[],
  limit: number | undefined,
): readonly StoredMessage[] {
  return limit === undefined ? messages : messages.slice(0, limit);
}

const AFTER = "a later time than the message with this id, or the same millisecond and a larger id";

/** The operations by name, in the order of the documentation. */
export const OPERATIONS = {
  store: operation({
    name: "store",
    summary: "Stores a message in a topic and delivers it to the topic's subscribers.",
    access: "write",
    arguments: {
      namespace: NAMESPACE,
      topic: TOPIC,
      message: args.message("the message"),
      ttl: args.optional(
        args.seconds(
          "seconds to live, in place of the `ttl` of the message; 0: that of the message",
        ),
      ),
    },
    result: "done",
    http: { method: "POST", path: "/store_message", status: "success" },
    line: { command: "STORE_MESSAGE", reply: "OK STORED" },
    isJournaled: true,
    run: (store, { namespace, topic, message, ttl }) =>
      store.storeMessage(namespace, topic, message, ttl),
  }),
  messages: operation({
    name: "messages",
    summary: "The messages of a topic, sorted by id.",
    access: "read",
    arguments: {
      topic: TOPIC,
      since_id: args.optional(args.id(`only messages of ${AFTER}`)),
      limit: LIMIT,
    },
    result: "messages",
    http: { method: "GET", path: "/messages/{topic}" },
    line: { command: "GET_MESSAGES", takes: ["topic"], reply: "MESSAGES JSON:[...]" },
    run: ({ topics }, { topic, since_id, limit }) =>
      firstOf(since_id === undefined ? topics.all(topic) : topics.since(topic, since_id), limit),
  }),
  messagesSinceId: operation({
    name: "messagesSinceId",
    summary: `The messages of a topic of ${AFTER}; sorted by id.`,
    access: "read",
    arguments: { topic: TOPIC, id: args.id("the id") },
    result: "messages",
    line: { command: "GET_MESSAGES_SINCE", reply: "MESSAGES JSON:[...]" },
    run: ({ topics }, { topic, id }) => topics.since(topic, id),
  }),
  messagesSince: operation({
    name: "messagesSince",
    summary: "The messages of a topic that are later than a time, sorted by id.",
    access: "read",
    arguments: {
      topic: TOPIC,
      timestamp: args.timestamp("milliseconds of the Unix epoch; may have a fraction"),
      since_id: args.optional(args.id(`in place of \`timestamp\`: messages of ${AFTER}`)),
      limit: LIMIT,
    },
    result: "messages",
    http: { method: "GET", path: "/messages_since/{topic}/{timestamp}" },
    run: ({ topics }, { topic, timestamp, since_id, limit }) =>
      firstOf(
        since_id === undefined
          ? topics.sinceTimestamp(topic, timestamp)
          : topics.since(topic, since_id),
        limit,
      ),
  }),
  messagesStoredAfter: operation({
    name: "messagesStoredAfter",
    summary: "The messages of a topic that were stored after the one with an id, in that order, " +
      "whatever their time is; all of them if there is none with the id.",
    access: "read",
    arguments: { topic: TOPIC, id: args.id("the id"), limit: LIMIT },
    result: "messages",
    http: { method: "GET", path: "/messages_stored_after/{topic}/{id}" },
    line: {
      command: "GET_MESSAGES_STORED_AFTER",
      takes: ["topic", "id"],
      reply: "MESSAGES JSON:[...]",
    },
    run: ({ topics }, { topic, id, limit }) => firstOf(topics.storedAfter(topic, id), limit),
  }),
  messagesById: operation({
    name: "messagesById",
    summary: "Messages of a namespace by id, in the order of the ids; unknown ids are skipped.",
    access: "read",
    arguments: { namespace: NAMESPACE, ids: IDS },
    result: "messages",
    http: { method: "GET", path: "/messages_by_id" },
    line: { command: "GET_MESSAGES_BY_ID", reply: "MESSAGES JSON:[...]" },
    run: ({ topics }, { namespace, ids }) => topics.byId(namespace, ids),
  }),
  deleteMessages: operation({
    name: "deleteMessages",
    summary: "Deletes messages from all topics of a namespace; returns their number.",
    access: "write",
    arguments: { namespace: NAMESPACE, ids: IDS },
    result: "count",
    http: { method: "DELETE", path: "/messages_by_id", member: "deleted" },
    run: ({ topics }, { namespace, ids }) =>
      ids.filter((id) => topics.deleteMessage(namespace, id)).length,
  }),
  deleteTopic: operation({
    name: "deleteTopic",
    summary: "Deletes a topic; returns the number of its messages.",
    access: "write",
    arguments: { topic: TOPIC },
    result: "count",
    http: { method: "DELETE", path: "/messages/{topic}", member: "deleted" },
    run: ({ topics }, { topic }) => topics.deleteTopic(topic),
  }),
  topics: operation({
    name: "topics",
    summary: "The topics that have messages.",
    access: "read",
    arguments: {},
    result: "topics",
    http: { method: "GET", path: "/topics", member: "topics" },
    line: { command: "TOPICS", reply: "TOPICS JSON:[...]" },
    run: ({ topics }) => topics.list(),
  }),
  subscribe: subscriberOperation({
    name: "subscribe",
    summary: "Subscribes the client to a topic: it gets what is stored or published there.",
    access: "pubsub",
    subscriber: "created",
    arguments: { topic: TOPIC },
    result: "done",
    http: { method: "POST", path: "/subscribe", status: "subscribed" },
    line: { command: "SUBSCRIBE", reply: "OK SUBSCRIBED topic" },
    isJournaled: true,
    run: (subscriber, { topic }) => subscriber.subscribe(topic),
  }),
  unsubscribe: subscriberOperation({
    name: "unsubscribe",
    summary: "Ends a subscription to a topic.",
    access: "pubsub",
    subscriber: "existing",
    arguments: { topic: TOPIC },
    result: "done",
    http: { method: "POST", path: "/unsubscribe", status: "unsubscribed" },
    line: { command: "UNSUBSCRIBE", reply: "OK UNSUBSCRIBED topic" },
    isJournaled: true,
    run: (subscriber, { topic }) => subscriber.unsubscribe(topic),
  }),
  psubscribe: subscriberOperation({
    name: "psubscribe",
    summary: "Subscribes the client to all topics that match a pattern.",
    access: "pubsub",
    subscriber: "created",
    arguments: { pattern: PATTERN },
    result: "done",
    http: { method: "POST", path: "/psubscribe", status: "psubscribed" },
    line: { command: "PSUBSCRIBE", reply: "OK PSUBSCRIBED pattern" },
    isJournaled: true,
    run: (subscriber, { pattern }) => subscriber.psubscribe(pattern),
  }),
  punsubscribe: subscriberOperation({
    name: "punsubscribe",
    summary: "Ends a subscription to a pattern.",
    access: "pubsub",
    subscriber: "existing",
    arguments: { pattern: args.pattern("the pattern") },
    result: "done",
    http: { method: "POST", path: "/punsubscribe", status: "punsubscribed" },
    line: { command: "PUNSUBSCRIBE", reply: "OK PUNSUBSCRIBED pattern" },
    isJournaled: true,
    run: (subscriber, { pattern }) => subscriber.punsubscribe(pattern),
  }),
  publish: operation({
    name: "publish",
    summary:
      "Delivers a value to the subscribers of a channel without storing it; returns their number.",
    access: "pubsub",
    arguments: {
      channel: args.name("channel", "name of the channel: topics and channels are the same"),
      message: VALUE,
    },
    result: "count",
    http: { method: "POST", path: "/publish", member: "subscribers" },
    line: { command: "PUBLISH", reply: "OK n" },
    isJournaled: true,
    takesHeaders: true,
    run: ({ subscriptions }, { channel, message }, headers) =>
      subscriptions.publish(channel, message, headers),
  }),
  set: operation({
    name: "set",
    summary: "Sets a key, and replaces a value of any kind.",
    access: "write",
    arguments: {
      key: KEY,
      value: VALUE,
      ex: args.optional(args.seconds("seconds to live; 0: no limit")),
    },
    result: "done",
    http: { method: "POST", path: "/set", status: "OK" },
    line: { command: "SET", reply: "OK SET" },
    isJournaled: true,
    run: ({ strings }, { key, value, ex }) => strings.set(key, value, ex),
  }),
  get: operation({
    name: "get",
    summary: "The value of a key, or null.",
    access: "read",
    arguments: { key: KEY },
    result: "value",
    http: { method: "GET", path: "/get/{key}", member: "value" },
    line: { command: "GET", reply: "VALUE value" },
    run: ({ strings }, { key }) => strings.get(key),
  }),
  hset: operation({
    name: "hset",
    summary: "Sets a field of a hash.",
    access: "write",
    arguments: { key: KEY, field: FIELD, value: VALUE },
    result: "done",
    http: { method: "POST", path: "/hset", status: "OK" },
    line: { command: "HSET", reply: "OK SET" },
    isJournaled: true,
    run: ({ hashes }, { key, field, value }) => hashes.set(key, field, value),
  }),
  hget: operation({
    name: "hget",
    summary: "The value of a field of a hash, or null.",
    access: "read",
    arguments: { key: KEY, field: FIELD },
    result: "value",
    http: { method: "GET", path: "/hget/{key}/{field}", member: "value" },
    line: { command: "HGET", reply: "VALUE value" },
    run: ({ hashes }, { key, field }) => hashes.get(key, field),
  }),
  hgetall: operation({
    name: "hgetall",
    summary: "All fields of a hash with their values.",
    access: "read",
    arguments: { key: KEY },
    result: "fields",
    http: { method: "GET", path: "/hgetall/{key}", member: "fields" },
    line: { command: "HGETALL", reply: "FIELDS JSON:{...}" },
    run: ({ hashes }, { key }) => hashes.all(key),
  }),
  sadd: operation({
    name: "sadd",
    summary: "Adds members to a set; returns the number of new ones.",
    access: "write",
    arguments: { key: KEY, members: args.values("an array of JSON values, or one value") },
    result: "count",
    http: { method: "POST", path: "/sadd", member: "added" },
    line: { command: "SADD", reply: "OK n" },
    isJournaled: true,
    run: ({ sets }, { key, members }) => sets.add(key, members),
  }),
  srem: operation({
    name: "srem",
    summary: "Removes members from a set; returns their number.",
    access: "write",
    arguments: { key: KEY, members: args.values("an array of JSON values, or one value") },
    result: "count",
    http: { method: "POST", path: "/srem", member: "removed" },
    line: { command: "SREM", reply: "OK n" },
    run: ({ sets }, { key, members }) => sets.remove(key, members),
  }),
  smembers: operation({
    name: "smembers",
    summary: "The members of a set.",
    access: "read",
    arguments: { key: KEY },
    result: "values",
    http: { method: "GET", path: "/smembers/{key}", member: "members" },
    line: { command: "SMEMBERS", reply: "VALUES JSON:[...]" },
    run: ({ sets }, { key }) => sets.members(key),
  }),
  keys: operation({
    name: "keys",
    summary:
      "The keys of any kind, in the order in which they were added, with their types and times " +
      "to live.",
    access: "read",
    arguments: {
      pattern: args.optional(PATTERN),
      limit: args.optional(args.count(`most keys; default: ${DEFAULT_LISTED_KEYS}`)),
    },
    result: "keys",
    http: { method: "GET", path: "/list_keys", member: "keys" },
    run: (store, { pattern, limit }) => store.listKeys(pattern, limit),
  }),
  expire: operation({
    name: "expire",
    summary: "Sets the time to live of a key of any kind; returns 1, or 0 if there was none.",
    access: "write",
    arguments: { key: KEY, ttl: args.seconds("seconds to live; 0: no limit") },
    result: "count",
    http: { method: "POST", path: "/expire", member: "expiring" },
    line: { command: "EXPIRE", reply: "OK n" },
    run: (store, { key, ttl }) => Number(store.expireKey(key, ttl)),
  }),
  ttl: operation({
    name: "ttl",
    summary: "The whole seconds that a key has to live; -1 for one without limit, -2 for none.",
    access: "read",
    arguments: { key: KEY },
    result: "count",
    http: { method: "GET", path: "/ttl/{key}", member: "ttl" },
    line: { command: "TTL", reply: "OK n" },
    run: (store, { key }) => store.ttlOfKey(key),
  }),
  deleteKey: operation({
    name: "deleteKey",
    summary: "Deletes a key of any kind; returns 1, or 0 if there was none.",
    access: "write",
    arguments: { key: KEY },
    result: "count",
    http: { method: "DELETE", path: "/keys/{key}", member: "deleted" },
    line: { command: "DEL", reply: "OK n" },
    run: (store, { key }) => Number(store.deleteKey(key)),
  }),
};

/** All operations, in the order of the documentation. */
export const ALL_OPERATIONS: readonly Operation[] = Object.values(OPERATIONS);
