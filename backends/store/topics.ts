/**
 * Topics and their messages. Topics are global; a namespace is the scope of ids.
 *
 * @module
 */

import { TextMap } from "../../lib/base/text_map.ts";
import { InsertionOrder } from "./insertion_order.ts";
import type { Cost, MemoryQuota } from "./memory_quota.ts";
import type { Counters } from "./counters.ts";
import { ExpiryHeap } from "./expiry.ts";
import { MAX_NAME_LENGTH } from "./limits.ts";
import { checkName } from "./names.ts";
import { Namespace } from "./namespace.ts";
import { type ParsedMessage, StoredMessage } from "./stored_message.ts";
import { detached, textBytes } from "./text.ts";
import { Topic } from "./topic.ts";

/** Entries that the engine keeps for a topic or a namespace: its indexes are larger than a message. */
const NAME_ENTRIES = 2;

/** What the topics use of their store. */
export interface TopicsContext {
  readonly clock: () => number;
  readonly quota: MemoryQuota;
  readonly counters: Counters;
  readonly maxMessagesPerTopic: number;
  /** Removes all messages and keys that have expired. */
  readonly sweep: () => unknown;
}

/** One topic in a list of topics. */
export interface TopicInfo {
  /** Name of the topic. */
  topic: string;
  /** Number of messages. */
  messages: number;
}

/** Most bytes that the names of a topic and a namespace add. */
const MOST_NAME_BYTES = 2 * 2 * MAX_NAME_LENGTH;
/** Most entries that a message adds, with those of both names. */
const MOST_ENTRIES = 1 + 2 * NAME_ENTRIES;

/** The topics of a store. A topic exists while it has messages. */
export class Topics {
  readonly #context: TopicsContext;
  readonly #topics = new TextMap<Topic>();
  readonly #namespaces = new TextMap<Namespace>();
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
    this.#context.sweep();
    const known = this.#topics.get(topic);
    const message = new StoredMessage(
      this.#namespaces.get(namespace)?.name ?? detached(namespace),
      known?.name ?? detached(topic),
      parsed,
      lifetimeSeconds === undefined ? Infinity : this.#context.clock() + lifetimeSeconds * 1000,
    );
    const replaced = this.#replacedBy(message, known);
    const { counters } = this.#context;
    if (lifetimeSeconds === 0) {
      this.#removeReplaced(message);
      counters.stored++;
      counters.expired++;
      return message;
    }
    this.#makeRoom(message);
    if (replaced !== undefined) this.#removeReplaced(message);
    counters.stored++;
    const added = this.#add(message);
    // What was stored between both may not have been seen by who has seen the first one.
    message.firstOrder = replaced?.firstOrder ?? message.order;
    this.#trim(added);
    return message;
  }

  /** Makes room for a message. What it replaces may be evicted for it, too. */
  #makeRoom(message: StoredMessage): void {
    const { namespace, topic, bytes } = message;
    const { quota } = this.#context;
    if (!quota.isBounded || quota.hasRoom(bytes + MOST_NAME_BYTES, MOST_ENTRIES)) return;
    const most = { bytes, entries: 1 };
    addName(most, topic);
    addName(most, namespace);
    quota.makeRoom(() => this.#costOf(message), most);
  }

  #removeReplaced(message: StoredMessage): void {
    const replaced = this.#replacedBy(message, this.#topics.get(message.topic));
    if (replaced !== undefined) this.#remove(replaced);
  }

  /** The message with the same namespace and id in the same topic. Most messages replace none. */
  #replacedBy(message: StoredMessage, topic: Topic | undefined): StoredMessage | undefined {
    if (topic === undefined || !topic.mayHave(message)) return undefined;
    return this.#namespaces.get(message.namespace)?.find(message.id, topic.name);
  }

  /** What a message adds: itself and the names that it is the first to use, less what it replaces. */
  #costOf(message: StoredMessage): Cost {
    const topic = this.#topics.get(message.topic);
    const replaced = this.#replacedBy(message, topic);
    const cost = {
      bytes: message.bytes - (replaced?.bytes ?? 0),
      entries: replaced === undefined ? 1 : 0,
    };
    if (topic === undefined) addName(cost, message.topic);
    if (!this.#namespaces.has(message.namespace)) addName(cost, message.namespace);
    return cost;
  }

  /** Adds a message to its topic, which is returned. What makes room may have removed the topic before. */
  #add(message: StoredMessage): Topic {
    const { namespace, topic: name } = message;
    this.#insertionOrder.add(message);
    const topic = this.#topics.get(name) ?? this.#addTopic(name);
    topic.add(message);
    (this.#namespaces.get(namespace) ?? this.#addNamespace(namespace)).add(message);
    this.#expiry.add(message);
    this.#context.quota.chargeEvictable(message.bytes, 1);
    this.#length++;
    return topic;
  }

  #addTopic(name: string): Topic {
    const topic = new Topic(name);
    this.#topics.set(name, topic);
    this.#context.quota.chargeEvictable(textBytes(name), NAME_ENTRIES);
    return topic;
  }

  #addNamespace(name: string): Namespace {
    const namespace = new Namespace(name);
    this.#namespaces.set(name, namespace);
    this.#context.quota.chargeEvictable(textBytes(name), NAME_ENTRIES);
    return namespace;
  }

  #remove(message: StoredMessage): void {
    const topic = this.#topics.get(message.topic)!;
    topic.remove(message);
    if (topic.length === 0) this.#forget(this.#topics, message.topic);
    const namespace = this.#namespaces.get(message.namespace)!;
    namespace.remove(message);
    if (namespace.isEmpty) this.#forget(this.#namespaces, message.namespace);
    this.#insertionOrder.remove(message);
    message.isRemoved = true;
    this.#expiry.markRemoved(message);
    this.#context.quota.chargeEvictable(-message.bytes, -1);
    this.#length--;
  }

  /** Removes a name that no message uses. */
  #forget(named: TextMap<unknown>, name: string): void {
    named.delete(name);
    this.#context.quota.chargeEvictable(-textBytes(name), -NAME_ENTRIES);
  }

  #trim(topic: Topic): void {
    if (topic.length > this.maxMessagesPerTopic) this.#evict(topic.oldest!);
  }

  #evict(message: StoredMessage): void {
    this.#remove(message);
    this.#context.counters.evicted++;
  }

  /** Evicts the message that was stored first. There must be one. */
  evictOldest(): void {
    this.#evict(this.#insertionOrder.first!);
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
  removeExpired(nowMs: number): void {
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
  all(topic: string): readonly StoredMessage[] {
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

  /**
   * The messages of a topic that were stored after the one with an id, in that order, whatever their time
   * is. All of them if there is none with the id: it may have been removed.
   */
  storedAfter(topic: string, id: bigint): StoredMessage[] {
    const last = this.#topic(topic)?.find(id);
    return this.#insertionOrder.after(last?.firstOrder ?? 0)
      .filter((message) => message.topic === topic);
  }

  /** The messages of all topics that were stored after the first one with an id, in that order. */
  allStoredAfter(id: bigint): StoredMessage[] {
    this.#context.sweep();
    let order = Infinity;
    for (const namespace of this.#namespaces.values()) {
      for (const { firstOrder } of namespace.all(id)) order = Math.min(order, firstOrder);
    }
    return this.#insertionOrder.after(order === Infinity ? 0 : order);
  }

  /** The messages of a topic with a later timestamp, in milliseconds; sorted by id. */
  sinceTimestamp(topic: string, timestampMs: number): StoredMessage[] {
    return this.#topic(topic)?.sinceTimestamp(timestampMs) ?? [];
  }

  #topic(name: string): Topic | undefined {
    this.#context.sweep();
    return this.#topics.get(name);
  }

  /** The messages of a namespace with these ids, in the order of the ids; unknown ids are skipped. */
  byId(namespace: string, ids: readonly bigint[]): StoredMessage[] {
    this.#context.sweep();
    const found = this.#namespaces.get(namespace);
    return ids.map((id) => found?.newest(id)).filter((message) => message !== undefined);
  }

  /** Deletes a message from every topic of a namespace; false if there was none. */
  deleteMessage(namespace: string, id: bigint): boolean {
    this.#context.sweep();
    const found = this.#namespaces.get(namespace)?.all(id) ?? [];
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
    this.#context.sweep();
    return [...this.#topics.values()].map(({ name, length }) => ({
      topic: name,
      messages: length,
    }));
  }

  /** Deletes all messages. */
  clear(): void {
    for (const { name } of [...this.#topics.values()]) this.deleteTopic(name);
  }
}

function addName(cost: { bytes: number; entries: number }, name: string): void {
  cost.bytes += textBytes(name);
  cost.entries += NAME_ENTRIES;
}
