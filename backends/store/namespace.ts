/**
 * The messages of a namespace by id. One id may be stored in many topics.
 *
 * @module
 */

import { TextMap } from "../../lib/base/text_map.ts";
import { IdMap } from "../../lib/message/id_map.ts";
import type { StoredMessage } from "./stored_message.ts";

/** The messages with one id in more than one topic. */
interface SameId {
  newest: StoredMessage;
  readonly byTopic: TextMap<StoredMessage>;
}

/** A scope of ids. */
export class Namespace {
  readonly name: string;
  /** Most ids are stored once: these have no index by topic. */
  readonly #byId = new IdMap<StoredMessage | SameId>();

  constructor(name: string) {
    this.name = name;
  }

  /** True if it has no messages. */
  get isEmpty(): boolean {
    return this.#byId.size === 0;
  }

  /** Adds a message, which has an id that is not stored in its topic. */
  add(message: StoredMessage): void {
    const { id } = message;
    const found = this.#byId.getOrSet(id, message);
    if (found === undefined) return;
    if ("byTopic" in found) addTo(found, message);
    else this.#byId.set(id, addTo(sameIdOf(found), message));
  }

  /** Removes a message. */
  remove(message: StoredMessage): void {
    if (!message.hasSameId || this.#removeFromGroup(message)) this.#byId.delete(message.id);
  }

  /** Removes a message from those with its id; true if it was the last one. */
  #removeFromGroup(message: StoredMessage): boolean {
    const group = this.#byId.get(message.id) as SameId;
    group.byTopic.delete(message.topic);
    if (group.newest === message && message.older !== undefined) group.newest = message.older;
    unlink(message);
    return group.byTopic.size === 0;
  }

  /** The message with an id that was stored last. */
  newest(id: bigint): StoredMessage | undefined {
    const found = this.#byId.get(id);
    return found === undefined || !("byTopic" in found) ? found : found.newest;
  }

  /** The message with an id in a topic. */
  find(id: bigint, topic: string): StoredMessage | undefined {
    const found = this.#byId.get(id);
    if (found === undefined) return undefined;
    if ("byTopic" in found) return found.byTopic.get(topic);
    return found.topic === topic ? found : undefined;
  }

  /** The messages with an id, at most one in each topic; the latest is first. */
  all(id: bigint): StoredMessage[] {
    const found: StoredMessage[] = [];
    for (let next = this.newest(id); next !== undefined; next = next.older) found.push(next);
    return found;
  }
}

function sameIdOf(message: StoredMessage): SameId {
  const byTopic = new TextMap<StoredMessage>();
  byTopic.set(message.topic, message);
  message.hasSameId = true;
  return { newest: message, byTopic };
}

function addTo(sameId: SameId, message: StoredMessage): SameId {
  sameId.byTopic.set(message.topic, message);
  message.hasSameId = true;
  message.older = sameId.newest;
  sameId.newest.newer = message;
  sameId.newest = message;
  return sameId;
}

function unlink(message: StoredMessage): void {
  const { older, newer } = message;
  if (older !== undefined) older.newer = newer;
  if (newer !== undefined) newer.older = older;
  message.older = message.newer = undefined;
}
