/**
 * Topics and their messages. Topics are global; a namespace is the scope of ids.
 *
 * @module
 */

import { InsertionOrder } from "./insertion_order.ts";
import type { MemoryQuota } from "./memory_quota.ts";
import type { Counters } from "./counters.ts";
import { ExpiryHeap } from "./expiry.ts";
import { checkName } from "./names.ts";
import { type ParsedMessage, StoredMessage } from "./stored_message.ts";
import { detached } from "./text.ts";
import { Topic } from "./topic.ts";

/** What the topics use of their store. */
export interface TopicsContext {
  readonly clock: () => number;
  readonly quota: MemoryQuota;
  readonly counters: Counters;
  readonly maxMessagesPerTopic: number;
}

/** One topic in a list of topics. */
export interface TopicInfo {
  /** Name of the topic. */
  topic: string;
  /** Number of messages. */
  messages: number;
}

/** The topics of a store. A topic exists while it has messages. */
export class Topics {
  readonly #context: TopicsContext;
  readonly #topics = new Map<string, Topic>();
  readonly #namespaces = new Map<string, Map<bigint, StoredMessage>>();
  readonly #expiry = new ExpiryHeap<StoredMessage>();
  readonly #insertionOrder = new InsertionOrder();
  #length = 0;
  /** Most messages of a topic. */
  maxMessagesPerTopic: number;

  constructor(context: TopicsContext) {
    this.#context = context;
    this.maxMessagesPerTopic = context.maxMessagesPerTopic;
  }

  /** Number of messages in all topics. */
  get length(): number {
    return this.#length;
  }

  /** Number of topics that have messages. */
  get size(): number {
    return this.#topics.size;
  }

  /**
   * Stores a message in a topic. It replaces one with the same namespace and id in that topic.
   *
   * @param lifetimeSeconds seconds until it expires; default: those of the message
   * @throws {InvalidInputError} if a name is invalid
   * @throws {StoreFullError} if the message exceeds `maxBytes`
   */
  store(
    namespace: string,
    topic: string,
    parsed: ParsedMessage,
    lifetimeSeconds: number | undefined = parsed.lifetimeSeconds,
  ): StoredMessage {
    checkName("namespace", namespace);
    checkName("topic", topic);
    this.sweep();
    const message = new StoredMessage(
      detached(namespace),
      this.#topics.get(topic)?.name ?? detached(topic),
      parsed,
      lifetimeSeconds === undefined ? Infinity : this.#context.clock() + lifetimeSeconds * 1000,
    );
    const { quota, counters } = this.#context;
    quota.check(message.bytes);
    const replaced = this.#find(namespace, parsed.id, topic);
    if (replaced !== undefined) this.#remove(replaced);
    counters.stored++;
    if (lifetimeSeconds === 0) {
      counters.expired++;
      return message;
    }
    quota.charge(message.bytes);
    this.#add(message);
    this.#trim(topic);
    return message;
  }

  #add(message: StoredMessage): void {
    const { namespace, topic, id } = message;
    getOrAdd(this.#topics, topic, () => new Topic(topic)).add(message);
    const byId = getOrAdd(this.#namespaces, namespace, () => new Map<bigint, StoredMessage>());
    message.older = byId.get(id);
    byId.set(id, message);
    this.#expiry.add(message);
    this.#insertionOrder.add(message);
    this.#length++;
  }

  #remove(message: StoredMessage): void {
    const topic = this.#topics.get(message.topic)!;
    topic.remove(message);
    if (topic.length === 0) this.#topics.delete(message.topic);
    this.#removeById(message);
    this.#insertionOrder.remove(message);
    message.isRemoved = true;
    this.#expiry.markRemoved(message);
    this.#context.quota.release(message.bytes);
    this.#length--;
  }

  #removeById(message: StoredMessage): void {
    const byId = this.#namespaces.get(message.namespace)!;
    const newest = byId.get(message.id)!;
    if (newest !== message) {
      let newer = newest;
      while (newer.older !== message) newer = newer.older!;
      newer.older = message.older;
    } else if (message.older !== undefined) byId.set(message.id, message.older);
    else byId.delete(message.id);
    message.older = undefined;
    if (byId.size === 0) this.#namespaces.delete(message.namespace);
  }

  #trim(name: string): void {
    const topic = this.#topics.get(name);
    if (topic === undefined || topic.length <= this.maxMessagesPerTopic) return;
    this.#evict(topic.oldest!);
  }

  #evict(message: StoredMessage): void {
    this.#remove(message);
    this.#context.counters.evicted++;
  }

  /** Evicts the message that was stored first; false if there is none. */
  evictOldest(): boolean {
    const oldest = this.#insertionOrder.first;
    if (oldest === undefined) return false;
    this.#evict(oldest);
    return true;
  }

  /** The message that was stored first, or undefined. */
  get firstStored(): StoredMessage | undefined {
    return this.#insertionOrder.first;
  }

  /** The topics that have messages, in the order of their first message. */
  values(): IteratorObject<Topic> {
    return this.#topics.values();
  }

  /** All messages in the order of insertion. */
  inInsertionOrder(): Iterable<StoredMessage> {
    return this.#insertionOrder;
  }

  /** Number of messages that will expire. */
  get expiringCount(): number {
    return this.#expiry.length;
  }

  /** Time of the next expiry of a message; `Infinity` if there is none. */
  get nextExpiryMs(): number {
    return this.#expiry.nextAtMs;
  }

  /** Removes the messages that have expired. */
  sweep(): void {
    const nowMs = this.#context.clock();
    for (
      let due = this.#expiry.popDue(nowMs);
      due !== undefined;
      due = this.#expiry.popDue(nowMs)
    ) {
      this.#remove(due);
      this.#context.counters.expired++;
    }
  }

  /** All messages of a topic, sorted by id. */
  all(topic: string): StoredMessage[] {
    return this.#topic(topic)?.all() ?? [];
  }

  /** The messages of a topic that are later than the one with an id, sorted by id. */
  since(topic: string, id: bigint): StoredMessage[] {
    return this.#topic(topic)?.since(id, Infinity) ?? [];
  }

  /** The first message of `since`, or undefined. */
  nextSince(topic: string, id: bigint): StoredMessage | undefined {
    return this.#topic(topic)?.since(id, 1)[0];
  }

  /** The messages of a topic with a later timestamp, in milliseconds; sorted by id. */
  sinceTimestamp(topic: string, timestampMs: number): StoredMessage[] {
    return this.#topic(topic)?.sinceTimestamp(timestampMs) ?? [];
  }

  #topic(name: string): Topic | undefined {
    this.sweep();
    return this.#topics.get(name);
  }

  /** The messages of a namespace with these ids, in the order of the ids; unknown ids are skipped. */
  byId(namespace: string, ids: readonly bigint[]): StoredMessage[] {
    this.sweep();
    const byId = this.#namespaces.get(namespace);
    return ids.map((id) => byId?.get(id)).filter((message) => message !== undefined);
  }

  #find(namespace: string, id: bigint, topic: string): StoredMessage | undefined {
    let message = this.#namespaces.get(namespace)?.get(id);
    while (message !== undefined && message.topic !== topic) message = message.older;
    return message;
  }

  /** The messages of a namespace with an id, at most one in each topic; the latest is first. */
  #allWithId(namespace: string, id: bigint): StoredMessage[] {
    const found: StoredMessage[] = [];
    let message = this.#namespaces.get(namespace)?.get(id);
    for (; message !== undefined; message = message.older) found.push(message);
    return found;
  }

  /** Deletes a message from every topic of a namespace; false if there was none. */
  deleteMessage(namespace: string, id: bigint): boolean {
    this.sweep();
    const found = this.#allWithId(namespace, id);
    this.#delete(found);
    return found.length > 0;
  }

  /** Deletes a topic; returns the number of its messages. */
  deleteTopic(topic: string): number {
    const messages = this.all(topic);
    this.#delete(messages);
    return messages.length;
  }

  #delete(messages: readonly StoredMessage[]): void {
    for (const message of messages) this.#remove(message);
    this.#context.counters.deleted += messages.length;
  }

  /** The topics that have messages, in the order of their first message. */
  list(): TopicInfo[] {
    this.sweep();
    return [...this.#topics].map(([topic, { length }]) => ({ topic, messages: length }));
  }

  /** Deletes all messages. */
  clear(): void {
    for (const topic of [...this.#topics.keys()]) this.deleteTopic(topic);
  }
}

function getOrAdd<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, value = make());
  return value;
}
