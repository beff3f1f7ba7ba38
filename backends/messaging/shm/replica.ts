/**
 * One member's copy of the messages: a store that the records of the journal are carried out on. All
 * members have the same, because a record's effect depends on the records before it and on its own time
 * alone. So nothing expires by a member's clock: a record says that time has passed.
 *
 * Subscriptions are in the journal too, which is how a publisher knows how many it reached. Here those of
 * other members are subscribers that throw away what they get.
 *
 * @module
 */

import { ShmCorruptionError } from "../../../lib/base/errors.ts";
import type { JournalRecord, JournalState, SnapshotRecord } from "../../../lib/journal/journal.ts";
import { parseShallow } from "../../../lib/message/json_members.ts";
import { InvalidInputError, StoreError } from "../../store/errors.ts";
import type { KeyedValue } from "../../store/keyspace.ts";
import { Store } from "../../store/store.ts";
import {
  type ParsedMessage,
  parseMessage,
  type StoredMessage,
} from "../../store/stored_message.ts";
import { Subscription } from "../../store/subscription.ts";
import { type Value, valueOfJson, valueToJson } from "../../store/value.ts";
import {
  decodeOperation,
  encodeOperation,
  type Operation,
  type OperationName,
  type Operations,
} from "./operation.ts";

/** Limits that all members keep to. */
export interface Limits {
  /** Bytes of all messages and keys, as the store counts them. */
  readonly maxBytes: number;
  /** Messages of a topic. */
  readonly maxMessagesPerTopic: number;
}

/** What was counted before this replica began. */
interface Counts {
  readonly stored: number;
  readonly evicted: number;
  readonly expired: number;
}

/** A member with subscriptions. */
interface Member {
  readonly agent: bigint;
  readonly subscription: Subscription;
}

const NO_COUNTS: Counts = { stored: 0, evicted: 0, expired: 0 };

/** A member's messages, keys and subscriptions. */
export class Replica implements JournalState {
  readonly #memberName: string;
  readonly #subscription: Subscription;
  #limits: Limits;
  #counts = NO_COUNTS;
  #store: Store;
  #members = new Map<string, Member>();
  /** What the store takes for the time. */
  #nowMs = 0;
  /** Up to here messages were handed out. */
  #dispatchedSequence = 0;
  /** A message that this member is about to store, which it has read already. */
  #ownMessage: ParsedMessage | undefined;
  /** What came of this member's last operation. */
  #outcome: { value: unknown } | { refusal: StoreError } = { value: undefined };
  readonly #sequences = new WeakMap<StoredMessage, number>();

  /**
   * @param memberName name of this member, like no other
   * @param subscription gets what this member subscribes to
   * @param limits in force if the journal is a new one
   */
  constructor(memberName: string, subscription: Subscription, limits: Limits) {
    this.#memberName = memberName;
    this.#subscription = subscription;
    this.#limits = limits;
    this.#store = this.#newStore();
  }

  #newStore(): Store {
    const { maxBytes, maxMessagesPerTopic } = this.#limits;
    return new Store({ clock: () => this.#nowMs, maxBytes, maxMessagesPerTopic });
  }

  /** The store, to read from. */
  get store(): Store {
    return this.#store;
  }

  /** The limits in force. */
  get limits(): Limits {
    return this.#limits;
  }

  /** What all members together have counted since the journal was made. */
  get counts(): Counts {
    const { stored, evicted, expired } = this.#store.stats();
    return {
      stored: this.#counts.stored + stored,
      evicted: this.#counts.evicted + evicted,
      expired: this.#counts.expired + expired,
    };
  }

  /** Tells that the next own record stores this message. */
  expect(message: ParsedMessage): void {
    this.#ownMessage = message;
  }

  /**
   * What came of the last own record.
   *
   * @throws {StoreError} if the store refused it
   */
  outcome(): unknown {
    const outcome = this.#outcome;
    this.#outcome = { value: undefined };
    if ("refusal" in outcome) throw outcome.refusal;
    return outcome.value;
  }

  /** Forgets the subscriptions of members that are gone. */
  removeDead(isAlive: (agent: bigint) => boolean): void {
    for (const [name, { agent }] of this.#members) {
      if (name !== this.#memberName && !isAlive(agent)) this.#removeMember(name);
    }
  }

  #removeMember(name: string): void {
    const member = this.#members.get(name);
    if (member !== undefined) this.#store.subscriptions.remove(member.subscription);
    this.#members.delete(name);
  }

  /** Forgets everything but what was handed out. */
  reset(): void {
    for (const name of [...this.#members.keys()]) this.#removeMember(name);
    this.#store = this.#newStore();
  }

  /** Carries out a record. */
  apply(record: JournalRecord): void {
    const operation = decodeOperation(record.bytes);
    this.#nowMs = record.timeMs;
    this.#store.sweep();
    try {
      const value = this.#execute(operation, record);
      if (record.isOwn) this.#outcome = { value };
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      if (record.isOwn) this.#outcome = { refusal: error };
    } finally {
      this.#nowMs = record.timeMs;
      this.#dispatchedSequence = Math.max(this.#dispatchedSequence, record.sequence);
    }
  }

  #execute(operation: Operation, record: JournalRecord): unknown {
    const { strings, hashes, sets, subscriptions } = this.#store;
    const { text } = operation;
    switch (operation.name) {
      case "config":
        return this.#configure(operation.args);
      case "store":
        return this.#storeMessage(operation.args, text, record);
      case "set":
        return this.#withExpiry(
          operation.args[1],
          (ttl) => strings.set(operation.args[0], parseValue(text), ttl),
        );
      case "hset":
        return hashes.set(operation.args[0], operation.args[1], parseValue(text));
      case "sadd":
        return sets.add(operation.args[0], parseValues(text));
      case "publish":
        return subscriptions.publish(operation.args[0], parseValue(text));
      case "subscribe":
        return subscriptions.subscribe(this.#join(operation.args), operation.args[2]);
      case "psubscribe":
        return subscriptions.psubscribe(this.#join(operation.args), operation.args[2]);
      case "unsubscribe":
        return this.#leaveOne(operation.args, (it, topic) => subscriptions.unsubscribe(it, topic));
      case "punsubscribe":
        return this.#leaveOne(operation.args, (it, name) => subscriptions.punsubscribe(it, name));
      case "leave":
        return this.#removeMember(operation.args[0]);
      case "tick":
        return;
    }
  }

  #configure([maxBytes, maxPerTopic, stored, evicted, expired]: Operations["config"]): void {
    this.#limits = { maxBytes, maxMessagesPerTopic: maxPerTopic ?? Infinity };
    this.#counts = { stored, evicted, expired };
    try {
      this.#store = this.#newStore();
    } catch (cause) {
      throw new ShmCorruptionError(`the limits in a journal of messages cannot be: ${cause}`, {
        cause,
      });
    }
  }

  #storeMessage(
    [namespace, topic, expiresAtMs]: Operations["store"],
    text: string,
    { isOwn, sequence }: JournalRecord,
  ): void {
    const { topics, subscriptions } = this.#store;
    const parsed = isOwn ? this.#takeOwnMessage(text) : parseMessage(text);
    const message = this.#withExpiry(
      expiresAtMs,
      (ttl) => topics.store(namespace, topic, parsed, ttl),
    );
    this.#sequences.set(message, sequence);
    if (sequence > this.#dispatchedSequence) subscriptions.deliver(message);
  }

  #takeOwnMessage(text: string): ParsedMessage {
    const message = this.#ownMessage;
    this.#ownMessage = undefined;
    return message ?? parseMessage(text);
  }

  /**
   * Has something expire at a given time. The store counts from its clock, so that is set to 0: members
   * that have a message from a copy and those that have it from its first record get the same time.
   */
  #withExpiry<T>(expiresAtMs: number | null, add: (ttlSeconds: number | undefined) => T): T {
    if (expiresAtMs === null) return add(undefined);
    this.#nowMs = 0;
    return add(expiresAtMs / 1000);
  }

  #join([name, agent]: Operations["subscribe"]): Subscription {
    const known = this.#members.get(name);
    if (known !== undefined) return known.subscription;
    const subscription = name === this.#memberName ? this.#subscription : discardingSubscription();
    this.#members.set(name, { agent: BigInt(agent), subscription });
    return subscription;
  }

  #leaveOne(
    [name, key]: Operations["unsubscribe"],
    leave: (subscription: Subscription, key: string) => void,
  ): void {
    const member = this.#members.get(name);
    if (member !== undefined) leave(member.subscription, key);
  }

  /** The records that lead here. */
  *snapshot(): Iterable<SnapshotRecord> {
    yield copied(0, "config", [
      this.#limits.maxBytes,
      this.#limits.maxMessagesPerTopic === Infinity ? null : this.#limits.maxMessagesPerTopic,
      this.counts.stored - this.#store.topics.length,
      this.counts.evicted,
      this.counts.expired,
    ]);
    yield* this.#copyMembers();
    for (const message of this.#store.topics.inInsertionOrder()) {
      const { namespace, topic, text } = message;
      const args: Operations["store"] = [namespace, topic, timeOrNull(message.expiresAtMs)];
      yield copied(this.#sequences.get(message)!, "store", args, text);
    }
    for (const entry of this.#store.keys.entries()) yield* copyKey(entry);
  }

  *#copyMembers(): Iterable<SnapshotRecord> {
    for (const [name, { agent, subscription }] of this.#members) {
      for (const topic of subscription.topics) {
        yield copied(0, "subscribe", [name, String(agent), topic]);
      }
      for (const pattern of subscription.patterns) {
        yield copied(0, "psubscribe", [name, String(agent), pattern]);
      }
    }
  }
}

/** Subscribes for another member. */
function discardingSubscription(): Subscription {
  const subscription = new Subscription({ onReady: () => void subscription.take() });
  return subscription;
}

function copied<Name extends OperationName>(
  sequence: number,
  name: Name,
  args: Operations[Name],
  text?: string,
): SnapshotRecord {
  return { sequence, bytes: encodeOperation(name, args, text) };
}

function* copyKey({ key, kind, value, expiresAtMs }: KeyedValue): Iterable<SnapshotRecord> {
  if (kind === "string") {
    yield copied(0, "set", [key, timeOrNull(expiresAtMs)], valueToJson(value));
  } else if (kind === "hash") {
    for (const [field, each] of value) yield copied(0, "hset", [key, field], valueToJson(each));
  } else {
    yield copied(0, "sadd", [key], JSON.stringify([...value.values()].map(valueToJson)));
  }
}

/** Times are whole milliseconds until they go through the store, which counts in seconds. */
function timeOrNull(timeMs: number): number | null {
  return timeMs === Infinity ? null : Math.round(timeMs);
}

/**
 * A member writes nothing else, but another process may have: that does what a refused value does.
 *
 * @throws {InvalidInputError} if it is no JSON
 */
function parseValue(text: string): Value {
  parsed(text);
  return valueOfJson(text);
}

function parseValues(text: string): Value[] {
  const members = parsed(text);
  if (Array.isArray(members) && members.every((each) => typeof each === "string")) {
    return members.map(parseValue);
  }
  throw new InvalidInputError("members must be an array of JSON texts");
}

function parsed(text: string): unknown {
  try {
    return parseShallow(text);
  } catch (cause) {
    throw new InvalidInputError(`a value must be JSON: ${cause}`, { cause });
  }
}
