/**
 * The messages of a topic in the store. The feed is no subscriber: nothing is taken, and no queue holds anything
 * for it.
 *
 * @module
 */

import { parsePlainJson } from "../../../lib/base/plain_json.ts";
import { jsonMembers } from "../../../lib/message/json_members.ts";
import { TextSet } from "../../../lib/base/text_map.ts";
import type { Store } from "../../store/store.ts";
import type { StoredMessage } from "../../store/stored_message.ts";
import {
  cutText,
  MAX_BATCH,
  type MessageBatch,
  type MessageFeed,
  type ShownMessage,
} from "../metrics/message_feed.ts";

/** Larger than most ids that there are: all messages come after an id that is not there. */
const NO_ID = 2n ** 64n - 1n;
const SENDER = new TextSet(["sender"]);
/** In longer texts the sender is not looked for. */
const MAX_READ_LENGTH = 256 * 1024;
const MAX_SENDER_LENGTH = 200;

/** The messages of one topic. */
export class TopicFeed implements MessageFeed {
  readonly #store: Store;
  readonly #topic: string;
  #last: StoredMessage | undefined;
  /** Messages that the store had counted at the last look. */
  #stored = -1;

  constructor(store: Store, topic: string) {
    this.#store = store;
    this.#topic = topic;
  }

  // deno-lint-ignore require-await
  async next(): Promise<MessageBatch> {
    const { stored } = this.#store.stats();
    const fresh = stored === this.#stored ? [] : this.#fresh();
    this.#stored = stored;
    const messages = fresh.slice(-MAX_BATCH);
    return {
      messages: messages.map(shownOf),
      skipped: fresh.length - messages.length,
      problems: [],
      end: null,
    };
  }

  /** What was stored since the last look, in that order. */
  #fresh(): StoredMessage[] {
    const order = this.#last?.order ?? -1;
    const fresh = this.#store.topics.storedAfter(this.#topic, this.#last?.id ?? NO_ID)
      .filter((message) => message.order > order);
    this.#last = fresh.at(-1) ?? this.#last;
    return fresh;
  }

  [Symbol.dispose](): void {}
}

function shownOf({ topic, text, id, timestampMs, namespace }: StoredMessage): ShownMessage {
  return {
    atMs: timestampMs,
    topic,
    sender: senderOf(text) || namespace,
    number: String(id),
    sizeBytes: new TextEncoder().encode(text).length,
    form: "value",
    text: cutText(text),
    problem: "",
  };
}

/** The sender that a message names; empty if it names none. */
function senderOf(text: string): string {
  if (text.length > MAX_READ_LENGTH) return "";
  const sender = parsePlainJson(jsonMembers(text, SENDER).get("sender") ?? "null");
  return typeof sender === "string" ? cutText(sender, MAX_SENDER_LENGTH) : "";
}
