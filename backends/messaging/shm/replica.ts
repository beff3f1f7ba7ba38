/**
 * A member's replica of the messages: a store to which the records of the journal are applied. All
 * replicas are equal, because the effect of a record depends only on the records before it and on its own
 * time. So nothing expires by the clock of a member: a record advances the time.
 *
 * The journal also has the subscriptions, so that a publisher knows how many it reaches. The
 * subscriptions of other members discard what they receive.
 *
 * @module
 */

import { pluralize } from "../../../lib/base/pluralize.ts";
import { monotonicNow } from "../../../lib/base/clock.ts";
import { logger } from "../../../lib/base/log.ts";
import { LossReports } from "../../../lib/base/loss_reports.ts";
import { ShmCorruptionError } from "../../../lib/base/errors.ts";
import {
  type JournalRecord,
  type JournalState,
  recordBytes,
  type SnapshotRecord,
} from "../../../lib/journal/journal.ts";
import { InvalidInputError, StoreError } from "../../store/errors.ts";
import { Store } from "../../store/store.ts";
import {
  type ParsedMessage,
  parseMessage,
  type StoredMessage,
} from "../../store/stored_message.ts";
import { OPERATIONS } from "../../store/operations.ts";
import { QueueSubscriber } from "../../store/subscriber.ts";
import type { Subscription } from "../../store/subscription.ts";
import { Members } from "./members.ts";
import {
  type ControlFields,
  type ControlRecord,
  decodeRecord,
  encodeRecord,
  LIMIT_NAMES,
  type LimitName,
  type OperationRecord,
  valuesOf,
} from "./operation.ts";
import { snapshotConfig, snapshotKey, snapshotMember, snapshotMessage } from "./snapshot.ts";

/** Limits of all members. */
export interface Limits {
  /** Most bytes of all messages and keys, as the store counts them. */
  readonly maxBytes: number;
  /** Most messages of a topic. */
  readonly maxMessagesPerTopic: number;
  /** The limits that a member has asked for. The others are defaults, which any member may replace. */
  readonly asked?: readonly LimitName[];
}

/** Counters at the start of this replica. */
interface Counts {
  readonly stored: number;
  readonly evicted: number;
  readonly expired: number;
}

/** Bytes of the record that removes what has expired, of which each entry may need one. */
const EXPIRY_BYTES = recordBytes(encodeRecord("tick", []).length);

const NO_COUNTS: Counts = { stored: 0, evicted: 0, expired: 0 };

function finiteOrNull(limit: number): number | null {
  return limit === Infinity ? null : limit;
}

/** A member's messages, keys and subscriptions. */
export class Replica implements JournalState {
  #limits: Limits;
  #counts = NO_COUNTS;
  #store: Store;
  readonly #members: Members;
  readonly #subscription: Subscription;
  readonly #clock: () => number;
  /** The time of the store. */
  #nowMs = 0;
  /** Messages up to this sequence number were dispatched. */
  #dispatchedSequence = 0;
  /** The parsed message that this member is about to store. */
  #ownMessage: ParsedMessage | undefined;
  /** Result of this member's last operation. */
  #outcome: { value: unknown } | { error: StoreError } = { value: undefined };
  readonly #losses: LossReports;
  /** Records that this member did not read. */
  #skipped = 0;
  readonly #sequences = new WeakMap<StoredMessage, number>();

  /**
   * @param memberName unique name of this member
   * @param subscription receives the messages for this member
   * @param limits limits for a new journal
   * @param clock decides when this member appends a record that lets messages expire
   */
  constructor(
    memberName: string,
    subscription: Subscription,
    limits: Limits,
    clock: () => number = monotonicNow,
  ) {
    this.#clock = clock;
    this.#members = new Members(memberName, subscription);
    this.#subscription = subscription;
    this.#limits = limits;
    this.#store = this.#newStore();
    this.#losses = new LossReports((count, total) =>
      logger.warn(
        "a subscriber in shared memory ({member}) did not read {records} of its journal, {total} " +
          "in all, and may have missed as many messages: it was too slow; do not block the event loop, " +
          "and let handlers do less",
        { member: memberName, records: pluralize(count, "record"), count, total },
      )
    );
  }

  #newStore(): Store {
    const { maxBytes, maxMessagesPerTopic } = this.#limits;
    return new Store({ clock: () => this.#nowMs, maxBytes, maxMessagesPerTopic });
  }

  /** The store, for reads. */
  get store(): Store {
    return this.#store;
  }

  /** What is removed one by one: what expires, subscriptions, and members with subscriptions. */
  get removalBytes(): number {
    return EXPIRY_BYTES * this.#store.expiringCount + this.#members.removalBytes;
  }

  get isEmpty(): boolean {
    return this.#store.topics.size + this.#store.keys.size === 0;
  }

  get pendingDeliveries(): number {
    return this.#subscription.length;
  }

  /** The limits in force. */
  get limits(): Limits {
    return this.#limits;
  }

  /** Counters of all members since the journal was created. */
  get counts(): Counts {
    const { stored, evicted, expired } = this.#store.stats();
    return {
      stored: this.#counts.stored + stored,
      evicted: this.#counts.evicted + evicted,
      expired: this.#counts.expired + expired,
    };
  }

  /** Announces the message of the next own record. */
  expect(message: ParsedMessage): void {
    this.#ownMessage = message;
  }

  /**
   * Returns the result of the last own record.
   *
   * @throws {StoreError} if the store rejected it
   */
  outcome(): unknown {
    const outcome = this.#outcome;
    this.#outcome = { value: undefined };
    if ("error" in outcome) throw outcome.error;
    return outcome.value;
  }

  /** Removes the other members whose isolates have ended. Returns these isolates. */
  removeDead(isAlive: (isolate: bigint) => boolean): Set<bigint> {
    return this.#members.removeDead(this.#store.subscriptions, isAlive);
  }

  /** Removes everything except the position of dispatched messages. */
  reset(): void {
    this.#members.clear(this.#store.subscriptions);
    this.#store = this.#newStore();
  }

  /**
   * The journal was compacted twice while this member did not read it. What the snapshot has of the
   * records in between was delivered; what was published, or is removed, was not.
   */
  skipped(from: number, to: number): void {
    const { topics, patterns } = this.#subscription;
    if (topics.size + patterns.size === 0) return;
    let kept = 0;
    for (const message of this.#store.topics.inInsertionOrder()) {
      if (this.#sequences.get(message)! > from) kept++;
    }
    this.#skipped += to - from - kept;
    this.#losses.update(this.#skipped);
  }

  /** Reports the losses that were not reported yet: the member leaves. */
  finish(): void {
    this.#losses.finish(this.#skipped);
  }

  /** Applies a record. */
  apply(record: JournalRecord): void {
    const decoded = decodeRecord(record.bytes);
    this.#nowMs = record.timeMs;
    this.#store.sweep();
    try {
      const value = decoded.control === undefined
        ? this.#execute(decoded, record)
        : this.#control(decoded);
      if (record.isOwn) this.#outcome = { value };
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      if (record.isOwn) this.#outcome = { error: error };
    } finally {
      this.#nowMs = record.timeMs;
      this.#dispatchedSequence = Math.max(this.#dispatchedSequence, record.sequence);
    }
  }

  #control(record: ControlRecord): void {
    if (record.control === "config") this.#configure(record.fields);
    if (record.control === "limits") this.#replaceDefaults(record.fields);
    if (record.control === "leave") {
      this.#members.remove(record.fields[0], this.#store.subscriptions);
    }
    // For a tick, the sweep before it is enough.
  }

  #execute(call: OperationRecord, record: JournalRecord): unknown {
    const { operation, expiresAtMs } = call;
    if (operation === OPERATIONS.store) return this.#storeMessage(call, record);
    return this.#withExpiry(expiresAtMs, (ttlSeconds) => {
      const values = valuesOf(call, ttlSeconds);
      if (operation.subscriber === undefined) {
        return operation.run(this.#store, values, call.headers);
      }
      const subscription = this.#subscriptionOf(call);
      if (subscription === undefined) return;
      const subscriber = new QueueSubscriber(this.#store.subscriptions, subscription);
      return this.#members.change(
        subscription,
        call.names["topic"] ?? call.names["pattern"],
        () => operation.run(subscriber, values),
      );
    });
  }

  /** The subscription of the calling member, or undefined if it must exist and does not. */
  #subscriptionOf({ operation, member, isolate }: OperationRecord): Subscription | undefined {
    return operation.subscriber === "created"
      ? this.#members.join(member, isolate)
      : this.#members.subscriptionOf(member);
  }

  /** The record of the limits that replaces defaults by what a member asks for. */
  limitsRecord(asked: Partial<Record<LimitName, number>>): Uint8Array {
    const { maxBytes, maxMessagesPerTopic } = { ...this.#limits, ...asked };
    const names = LIMIT_NAMES.filter((name) => asked[name] !== undefined);
    return encodeRecord("limits", [maxBytes, finiteOrNull(maxMessagesPerTopic), names]);
  }

  /** A limit that another member has asked for meanwhile stays, and nothing is evicted. */
  #replaceDefaults([maxBytes, maxPerTopic, asked]: ControlFields["limits"]): void {
    const given = { maxBytes, maxMessagesPerTopic: maxPerTopic ?? Infinity };
    const limits = { ...this.#limits, asked: [...this.#limits.asked ?? []] };
    for (const name of asked) {
      if (limits.asked.includes(name)) continue;
      limits[name] = given[name];
      limits.asked.push(name);
    }
    if (this.#store.trySetLimits(limits)) this.#limits = limits;
  }

  #configure(
    [maxBytes, maxPerTopic, stored, evicted, expired, asked]: ControlFields["config"],
  ): void {
    this.#limits = { maxBytes, maxMessagesPerTopic: maxPerTopic ?? Infinity, asked };
    this.#counts = { stored, evicted, expired };
    try {
      this.#store = this.#newStore();
    } catch (cause) {
      throw new ShmCorruptionError(`the limits in a journal of messages are invalid: ${cause}`, {
        cause,
      });
    }
  }

  #storeMessage(
    { names: { namespace, topic }, expiresAtMs, text }: OperationRecord,
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
    return message?.text === text ? message : parseMessage(text);
  }

  /**
   * Adds something that expires at a given time. The store adds the time to live to its clock, which is
   * set to 0 for that: so the time of expiry is the same in all replicas, whether they apply the first
   * record or a snapshot.
   */
  #withExpiry<T>(expiresAtMs: number | null, add: (ttlSeconds: number | undefined) => T): T {
    if (expiresAtMs === null) return add(undefined);
    if (expiresAtMs === 0) {
      throw new InvalidInputError(
        "a ttl must be a finite number of seconds, not one that ends in 1970",
      );
    }
    this.#nowMs = 0;
    return add(expiresAtMs / 1000);
  }

  /** The record that lets what has expired go; undefined if nothing has. */
  expiry(): Uint8Array | undefined {
    return this.#store.nextExpiryMs <= this.#clock() ? encodeRecord("tick", []) : undefined;
  }

  /** The records that lead from an empty state to this one. */
  *snapshot(): Iterable<SnapshotRecord> {
    yield snapshotConfig([
      this.#limits.maxBytes,
      finiteOrNull(this.#limits.maxMessagesPerTopic),
      this.counts.stored - this.#store.topics.length,
      this.counts.evicted,
      this.counts.expired,
      [...this.#limits.asked ?? []],
    ]);
    for (const [name, member] of this.#members.entries()) yield* snapshotMember(name, member);
    for (const message of this.#store.topics.inInsertionOrder()) {
      yield snapshotMessage(message, this.#sequences.get(message)!);
    }
    for (const entry of this.#store.keys.entries()) yield* snapshotKey(entry);
  }
}
