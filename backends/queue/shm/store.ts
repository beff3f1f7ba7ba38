/**
 * The store of one queue on a journal in shared memory.
 *
 * @module
 */

import { ShmConnectionError, ShmCorruptionError, ShmError } from "../../../lib/base/errors.ts";
import { messageOf } from "../../../lib/base/thrown.ts";
import { inTurn } from "../../../lib/base/turn.ts";
import { CatchUp } from "../../../lib/journal/catch_up.ts";
import { Journal } from "../../../lib/journal/journal.ts";
import type { ResolvedConfig } from "../config.ts";
import { QueueConnectionError, QueueOutOfMemoryError } from "../errors.ts";
import { logger } from "../log.ts";
import type { MemorySpace } from "../memory/space.ts";
import type {
  AcknowledgeOutcome,
  Claim,
  Claimant,
  DeliveryTarget,
  Failure,
  LeaseOutcome,
  MessageToPut,
  NewMessage,
  PublishOutcome,
  QueueDeadLetter,
  QueueDelivery,
  QueueReceiver,
  QueueRecord,
  QueueStore,
  StoredResult,
  StoredSchedule,
  StoreStats,
} from "../store.ts";
import type { MessageFilters, PurgedState, QueueEvent } from "../types.ts";
import type { Place } from "./attendance.ts";
import { DiskWriter } from "./disk.ts";
import type { CallOf, OperationName, ResultOf } from "./operations.ts";
import type { ShmQueueOptions } from "./options.ts";
import { FORMAT, operationRecord } from "./record.ts";
import { Replica } from "./replica.ts";
import { ShownConsumers } from "./shown_consumers.ts";

/** How soon a consumer that waits looks for what ends without a word, such as a process that is killed. */
const POLL_MS = 1000;
/** A record may be appended somewhat later than was assumed for the expiry of its message. */
const HOLD_MARGIN_MS = 60_000;
/** Operations that can wait for space. The others succeed on a full disk: they use reserved space. */
const ADDING: ReadonlySet<OperationName> = new Set([
  "publish",
  "put",
  "show",
  "putSchedule",
  "fire",
]);

/** Operations on leases, which end with the machine anyway. */
const PASSING: ReadonlySet<OperationName> = new Set([
  "claim",
  "release",
  "extend",
  "progress",
  "show",
]);

/** A journal that is open. */
interface Opened {
  readonly journal: Journal;
  readonly disk: DiskWriter;
}

/** The messages of a name in shared memory, with the configuration of one queue. */
export class ShmStore implements QueueStore {
  readonly pollMs = POLL_MS;
  readonly #options: ShmQueueOptions;
  readonly #config: ResolvedConfig;
  readonly #replica = new Replica();
  readonly #catchUp = new CatchUp(() => this.#journal.catchUpInTurns());
  /** Subscriptions of this process by agent and channel. */
  readonly #listening = new Map<string, number>();
  #listeners = 0;
  readonly #id = crypto.randomUUID();
  readonly #shown = new ShownConsumers();
  /** When this process has last looked for others that have ended. */
  #checkedMs = -Infinity;
  #opened: Opened | undefined;

  constructor(options: ShmQueueOptions, config: ResolvedConfig) {
    this.#options = options;
    this.#config = config;
  }

  async open(): Promise<void> {
    let journal: Journal | undefined;
    try {
      journal = this.#join();
      await journal.catchUpInTurns();
      journal.catchUp();
    } catch (cause) {
      journal?.leave();
      if (!(cause instanceof ShmError) || cause instanceof ShmCorruptionError) throw cause;
      const name = `shm:${this.#options.name}`;
      throw new QueueConnectionError(`cannot open the queue ${name}: ${cause.message}`, { cause });
    }
    this.#opened = { journal, disk: new DiskWriter(journal, this.#options.fsync ?? "never") };
  }

  #join(): Journal {
    const { name, dir, persist, clock, fsync = "never" } = this.#options;
    return new Journal(name, FORMAT, this.#replica, {
      dir,
      persist,
      appliesLater: true,
      isDurable: fsync !== "never",
      clock: clock && (() => "date" in clock && clock.date ? clock.date() : clock.now()),
    });
  }

  stopRetrying(): void {}

  async close(): Promise<void> {
    if (this.#opened === undefined) return;
    const { journal, disk } = this.#opened;
    await disk.close();
    const mustStay = this.#options.persist === undefined && this.#replica.hasWork;
    if (mustStay) journal.leave();
    else journal.close();
  }

  get #journal(): Journal {
    return this.#opened!.journal;
  }

  /** Makes a call at once, or after what is there has been applied. Calls keep their order. */
  #call<T>(call: () => T): Promise<T> {
    const deferring = () => this.#journal.deferring(call);
    return this.#journal.isFarBehind || this.#catchUp.hasWaiting
      ? this.#catchUp.before(deferring)
      : inTurn(deferring);
  }

  /** Appends an operation. Resolves with its result, when it is as safe as `fsync` says. */
  async #write<N extends OperationName>(
    name: N,
    call: CallOf<N>,
    heldUntilMs = Infinity,
  ): Promise<ResultOf<N>> {
    const result = await this.#call(() => this.#append(name, call, heldUntilMs));
    await this.#opened!.disk.appended(!PASSING.has(name));
    return result;
  }

  #append<N extends OperationName>(name: N, call: CallOf<N>, heldUntilMs = 0): ResultOf<N> {
    const record = operationRecord(name, call, this.#config);
    try {
      if (ADDING.has(name)) this.#journal.append(record, heldUntilMs);
      else this.#journal.appendRemoval(record);
    } catch (cause) {
      if (!(cause instanceof ShmConnectionError)) throw cause;
      throw new QueueOutOfMemoryError(
        `cannot ${name} in the queue shm:${this.#options.name}: ${messageOf(cause)}`,
        { cause },
      );
    }
    return this.#replica.outcome() as ResultOf<N>;
  }

  /** Reads from the state at the time of the call, or a later one. */
  #read<T>(read: (space: MemorySpace) => T): Promise<T> {
    return this.#call(() => read(this.#current()));
  }

  /** The engine, after all that is due by now. */
  #current(): MemorySpace {
    this.#journal.catchUp();
    const nowMs = this.#journal.nowMs();
    const isDone = this.#replica.nextDueMs > nowMs || this.#tryTick();
    return this.#replica.spaceAt(isDone ? nowMs : -Infinity);
  }

  /** Appends that time has passed. False if no space is left, not even reserved: reads then are of before. */
  #tryTick(): boolean {
    try {
      this.#append("tick", {});
      return true;
    } catch (error) {
      if (!(error instanceof QueueOutOfMemoryError)) throw error;
      return false;
    }
  }

  /** When a message has expired. */
  #heldUntilMs({ ttlMs, dueMs, delayMs }: NewMessage): number {
    if (ttlMs === null) return Infinity;
    const nowMs = this.#journal.nowMs();
    return Math.max(nowMs + (delayMs ?? 0), dueMs ?? 0) + ttlMs + HOLD_MARGIN_MS;
  }

  publish(message: NewMessage): Promise<PublishOutcome> {
    const call = { message, id: crypto.randomUUID() };
    return this.#write("publish", call, this.#heldUntilMs(message));
  }

  put(message: MessageToPut): Promise<void> {
    return this.#write("put", { message }, message.expiresMs ?? Infinity);
  }

  receivers(channel: string, agent: string): QueueReceiver[] {
    return [{
      register: (from) => this.#register(channel, agent, from),
      claim: (limit, reported, claimant) => this.#claim(channel, agent, limit, reported, claimant),
      release: (deliveries) => this.#release(agent, deliveries),
      listen: (onWakeup) => inTurn(() => this.#listen(channel, agent, onWakeup)),
    }];
  }

  async #register(channel: string, agent: string, from: "now" | "oldest"): Promise<void> {
    const member = this.#member;
    const isKnown = await this.#read((space) => {
      this.#removeDeadMembers({ channel, agent });
      return space.isSubscribed(channel, agent) &&
        this.#replica.attendance.members({ channel, agent }).has(member);
    });
    if (isKnown) return;
    await this.#write("register", { channel, agent, from, member });
    this.#journal.hold(Infinity);
    // The subscription may have ended meanwhile.
    if (!this.#listening.has(`${agent}\0${channel}`)) this.#leave({ channel, agent });
  }

  /** Appends a record only if there is something to claim, a count to change, or a consumer to show. */
  async #claim(
    channel: string,
    agent: string,
    limit: number,
    reported: number,
    { consumer, rate }: Claimant,
  ): Promise<Claim> {
    const claimant = { consumer, rate, holder: `${this.#journal.isolate}` };
    const idle = reported > 0 ? undefined : await this.#read(() => {
      this.#endLeasesOfDead();
      return this.#current().idleClaim(channel, agent, claimant);
    });
    if (idle !== undefined) {
      await this.#show(channel, consumer);
      return idle;
    }
    const claim = await this.#write("claim", { channel, agent, limit, reported, claimant });
    this.#shown.add(consumer, this.#journal.nowMs());
    return claim;
  }

  /** Lets the other processes know of a consumer, unless there is no space. */
  async #show(channel: string, consumer: string): Promise<void> {
    const nowMs = this.#journal.nowMs();
    if (this.#shown.has(consumer, nowMs)) return;
    this.#shown.add(consumer, nowMs);
    try {
      await this.#write("show", { channel, consumer }, 0);
    } catch (error) {
      if (!(error instanceof QueueOutOfMemoryError)) throw error;
    }
  }

  /** Does not wait for the end of the leases of processes that have ended. */
  #endLeasesOfDead(): void {
    const nowMs = this.#journal.nowMs();
    if (nowMs - this.#checkedMs < POLL_MS) return;
    this.#checkedMs = nowMs;
    for (const holder of this.#current().holders()) {
      if (this.#hasEnded(holder)) this.#append("endLeases", { holder });
    }
  }

  async #release(agent: string, deliveries: readonly QueueDelivery[]): Promise<void> {
    const claimed = deliveries.map(({ id, leaseToken }) => ({ id, leaseToken }));
    await this.#write("release", { agent, claimed });
  }

  #listen(channel: string, agent: string, onWakeup: () => void): () => void {
    const key = `${agent}\0${channel}`;
    const stop = this.#replica.listen(channel, agent, onWakeup);
    this.#countListeners(1);
    this.#listening.set(key, (this.#listening.get(key) ?? 0) + 1);
    return () => {
      stop();
      this.#countListeners(-1);
      const left = this.#listening.get(key)! - 1;
      if (left > 0) return void this.#listening.set(key, left);
      this.#listening.delete(key);
      this.#leave({ channel, agent });
    };
  }

  /** Without it, the agent stays subscribed for the others until this process ends. */
  #leave(place: Place): void {
    try {
      this.#append("leave", { ...place, member: this.#member });
    } catch (error) {
      logger.debug("leave_failed", { ...place, error });
    }
  }

  /** Whether the process of a member has ended, whose name begins with its isolate. */
  #hasEnded(member: string): boolean {
    const isolate = /^-?\d{1,20}/.exec(member)?.[0];
    return isolate !== undefined && this.#journal.hasEnded(BigInt(isolate));
  }

  /** Name of this queue among all. */
  get #member(): string {
    return `${this.#journal.isolate}/${this.#id}`;
  }

  /** The journal is watched while somebody listens. */
  #countListeners(change: number): void {
    this.#listeners += change;
    if (this.#listeners > 0) this.#journal.watch();
    else this.#journal.unwatch();
  }

  async unsubscribe(channel: string, agent: string): Promise<boolean> {
    await this.#read(() => this.#removeDeadMembers({ channel, agent }));
    return await this.#write("unsubscribe", { channel, agent });
  }

  #removeDeadMembers(place: Place): void {
    for (const member of [...this.#replica.attendance.members(place)]) {
      if (this.#hasEnded(member)) this.#append("leave", { ...place, member });
    }
  }

  acknowledge(target: DeliveryTarget, result: string | undefined): Promise<AcknowledgeOutcome> {
    return this.#write("acknowledge", { target, ...result !== undefined && { result } });
  }

  pending(agent: string, channel: string | undefined, limit: number): Promise<QueueDelivery[]> {
    return this.#read((space) => space.pending(agent, channel, limit));
  }

  deadLetters(
    agent: string,
    channel: string | undefined,
    limit: number,
  ): Promise<QueueDeadLetter[]> {
    return this.#read((space) => space.deadLetters(agent, channel, limit));
  }

  extend(target: DeliveryTarget, leaseMs: number | undefined): Promise<LeaseOutcome> {
    return this.#write("extend", { target, ...leaseMs !== undefined && { leaseMs } });
  }

  giveBack(target: DeliveryTarget, delayMs: number, failure: Failure): Promise<LeaseOutcome> {
    return this.#write("giveBack", { target, delayMs, failure });
  }

  reject(target: DeliveryTarget, failure: Failure): Promise<LeaseOutcome> {
    return this.#write("reject", { target, failure });
  }

  progress(target: DeliveryTarget, value: string): Promise<LeaseOutcome> {
    return this.#write("progress", { target, value });
  }

  result(id: string): Promise<StoredResult | undefined> {
    return this.#read((space) => space.result(id));
  }

  delayed(channel: string | undefined, limit: number): Promise<QueueRecord[]> {
    return this.#read((space) => space.delayed(channel, limit));
  }

  setPaused(channel: string, isPaused: boolean): Promise<void> {
    return this.#write("setPaused", { channel, isPaused });
  }

  channels(): Promise<string[]> {
    return this.#read((space) => space.channels());
  }

  stats(channel: string): Promise<StoreStats> {
    return this.#read((space) => space.stats(channel));
  }

  purge(channel: string, states: readonly PurgedState[]): Promise<number> {
    return this.#write("purge", { channel, states });
  }

  listenToEvents(onEvent: (event: QueueEvent) => void): Promise<() => void> {
    return this.#read(() => {
      const stop = this.#replica.listenToEvents(onEvent);
      this.#countListeners(1);
      return () => {
        stop();
        this.#countListeners(-1);
      };
    });
  }

  putSchedule(schedule: StoredSchedule, replacedMs: number | null | undefined): Promise<boolean> {
    return this.#write("putSchedule", {
      schedule,
      ...replacedMs !== undefined && { replacedMs },
    });
  }

  removeSchedule(key: string): Promise<boolean> {
    return this.#write("removeSchedule", { key });
  }

  schedules(): Promise<{ nowMs: number; schedules: StoredSchedule[] }> {
    return this.#read((space) => space.schedules());
  }

  fire(
    key: string,
    dueMs: number,
    nextMs: number | null,
    message: NewMessage | null,
  ): Promise<boolean> {
    return this.#write("fire", { key, dueMs, nextMs, message, id: crypto.randomUUID() });
  }

  requeue(id: string, agent: string | undefined): Promise<AcknowledgeOutcome> {
    return this.#write("requeue", agent === undefined ? { id } : { id, agent });
  }

  get(id: string, agent: string | undefined): Promise<QueueRecord | undefined> {
    return this.#read((space) => space.get(id, agent));
  }

  delete(id: string): Promise<boolean> {
    return this.#write("delete", { id });
  }

  list(
    filters: MessageFilters,
    limit: number,
    offset: number,
    agent: string | undefined,
  ): Promise<QueueRecord[]> {
    return this.#read((space) => space.list(filters, limit, offset, agent));
  }

  count(filters: MessageFilters): Promise<number> {
    return this.#read((space) => space.count(filters));
  }

  clear(): Promise<number> {
    return this.#write("clear", {});
  }
}
