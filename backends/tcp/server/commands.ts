/**
 * The commands of the line protocol that every server has.
 *
 * @module
 */

import { MAX_ID } from "../../../lib/message/gemstone.ts";
import { parseJson, stringifyJson } from "../../../lib/message/json.ts";
import { isId } from "../../../lib/message/fields.ts";
import { InvalidInputError } from "../../store/errors.ts";
import { encodedArgument, textArgument, textOf, valueOf } from "../protocol/arguments.ts";
import { type Command, command } from "./command.ts";
import { messagesReply } from "./replies.ts";

const DIGITS = /^[0-9]{1,20}$/;
const NUMBER = /^-?[0-9]+(?:\.[0-9]+)?$/;

function idOf(argument: string): bigint {
  const id = DIGITS.test(argument) ? BigInt(argument) : undefined;
  if (id !== undefined && id <= MAX_ID) return id;
  throw new InvalidInputError(`a message id is an integer from 0 to 2^64 - 1, not ${argument}`);
}

function idsOf(argument: string): bigint[] {
  const ids = parsed(textOf(argument));
  if (Array.isArray(ids) && ids.every(isId)) return ids.map(BigInt);
  throw new InvalidInputError("message ids come as a JSON array of integers from 0 to 2^64 - 1");
}

function parsed(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

function ttlOf(argument: string | undefined): number | undefined {
  if (argument === undefined) return undefined;
  if (NUMBER.test(argument)) return Number(argument);
  throw new InvalidInputError(`a ttl is a decimal number of seconds, not ${argument}`);
}

/** The commands of every server. */
export const COMMANDS: readonly Command[] = [
  command({
    name: "PING",
    parameters: [],
    flags: ["open"],
    reply: "PONG",
    summary: "Tells that the server answers.",
    handle: () => "PONG",
  }),
  command({
    name: "AUTH",
    parameters: ["token"],
    flags: ["open"],
    reply: "OK AUTHENTICATED",
    summary: "Shows the token of a server that has one; before that it answers `PING` alone.",
    handle(session, [token]) {
      if (session.authenticate(textOf(token))) return "OK AUTHENTICATED";
      throw new InvalidInputError("wrong token");
    },
  }),
  command({
    name: "PUBLISH",
    parameters: ["topic", "message"],
    flags: ["pubsub"],
    reply: "OK n",
    summary: "Hands a text or JSON to those who subscribe now, `n` of them, and does not store it.",
    handle({ store }, [topic, message]) {
      return `OK ${store.subscriptions.publish(textOf(topic), valueOf(message))}`;
    },
  }),
  command({
    name: "SUBSCRIBE",
    parameters: ["topic"],
    flags: ["pubsub"],
    reply: "OK SUBSCRIBED topic",
    summary: "Has what is stored in a topic or published to it pushed to this connection.",
    handle({ store, subscription }, [argument]) {
      const topic = textOf(argument);
      store.subscriptions.subscribe(subscription, topic);
      return `OK SUBSCRIBED ${textArgument(topic)}`;
    },
  }),
  command({
    name: "UNSUBSCRIBE",
    parameters: ["topic"],
    flags: ["pubsub"],
    reply: "OK UNSUBSCRIBED topic",
    summary: "Ends that.",
    handle({ store, subscription }, [argument]) {
      const topic = textOf(argument);
      store.subscriptions.unsubscribe(subscription, topic);
      return `OK UNSUBSCRIBED ${textArgument(topic)}`;
    },
  }),
  command({
    name: "PSUBSCRIBE",
    parameters: ["pattern"],
    flags: ["pubsub"],
    reply: "OK PSUBSCRIBED pattern",
    summary: "The same for all topics that a pattern matches: `*`, `?`, `[a-z]`, `\\`.",
    handle({ store, subscription }, [argument]) {
      const pattern = textOf(argument);
      store.subscriptions.psubscribe(subscription, pattern);
      return `OK PSUBSCRIBED ${textArgument(pattern)}`;
    },
  }),
  command({
    name: "PUNSUBSCRIBE",
    parameters: ["pattern"],
    flags: ["pubsub"],
    reply: "OK PUNSUBSCRIBED pattern",
    summary: "Ends that.",
    handle({ store, subscription }, [argument]) {
      const pattern = textOf(argument);
      store.subscriptions.punsubscribe(subscription, pattern);
      return `OK PUNSUBSCRIBED ${textArgument(pattern)}`;
    },
  }),
  command({
    name: "STORE_MESSAGE",
    parameters: ["namespace", "topic", "message", "[ttlSeconds]"],
    flags: ["write"],
    reply: "OK STORED",
    summary:
      "Stores a message, pushes it to the topic's subscribers, and forgets it after its `ttl`.",
    handle({ store }, [namespace, topic, message, ttlSeconds]) {
      store.storeMessage(textOf(namespace), textOf(topic), textOf(message), ttlOf(ttlSeconds));
      return "OK STORED";
    },
  }),
  command({
    name: "GET_MESSAGES",
    parameters: ["topic"],
    flags: ["read"],
    reply: "MESSAGES JSON:[...]",
    summary: "All messages of a topic, sorted by id.",
    handle: ({ store, maxReplyBytes }, [topic]) =>
      messagesReply(store.topics.all(textOf(topic)), maxReplyBytes),
  }),
  command({
    name: "GET_MESSAGES_SINCE",
    parameters: ["topic", "id"],
    flags: ["read"],
    reply: "MESSAGES JSON:[...]",
    summary: "Those of a later time than an id, or of the same millisecond and with a larger id.",
    handle: ({ store, maxReplyBytes }, [topic, id]) =>
      messagesReply(store.topics.since(textOf(topic), idOf(id)), maxReplyBytes),
  }),
  command({
    name: "GET_MESSAGES_BY_ID",
    parameters: ["namespace", "ids"],
    flags: ["read"],
    reply: "MESSAGES JSON:[...]",
    summary:
      "The messages of a namespace with these ids, in the order asked; unknown are left out.",
    handle: ({ store, maxReplyBytes }, [namespace, ids]) =>
      messagesReply(store.topics.byId(textOf(namespace), idsOf(ids)), maxReplyBytes),
  }),
  command({
    name: "TRACE",
    parameters: ["traceparent", "[tracestate]"],
    flags: [],
    reply: "OK TRACED",
    summary: "Says which W3C trace the next command of the connection belongs to.",
    handle(session, [traceparent, tracestate]) {
      const state = tracestate === undefined ? {} : { tracestate: textOf(tracestate) };
      session.traceNext({ traceparent: textOf(traceparent), ...state });
      return "OK TRACED";
    },
  }),
  command({
    name: "STATS",
    parameters: [],
    flags: ["read"],
    reply: "STATS JSON:{...}",
    summary: "What the server holds and has counted.",
    handle: (session) => `STATS ${encodedArgument(stringifyJson(session.stats()))}`,
  }),
];
