/**
 * One queue's part in a journal: it appends operations, and reads from the engine.
 *
 * @module
 */

import { ShmConnectionError, ShmCorruptionError, ShmError } from "../../../lib/base/errors.ts";
import { messageOf } from "../../../lib/base/thrown.ts";
import { inTurn } from "../../../lib/base/turn.ts";
import { CatchUp } from "../../../lib/journal/catch_up.ts";
import { Journal } from "../../../lib/journal/journal.ts";
import type { EngineConfig } from "../config.ts";
import { QueueConnectionError, QueueOutOfMemoryError } from "../errors.ts";
import type { MemorySpace } from "../memory/space.ts";
import type { QueueEvent } from "../types.ts";
import type { Attendance } from "./attendance.ts";
import { DiskWriter } from "./disk.ts";
import type { CallOf, OperationName, ResultOf } from "./operations.ts";
import type { ShmQueueOptions } from "./options.ts";
import { FORMAT, operationRecord } from "./record.ts";
import { Replica } from "./replica.ts";

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

/** A member of the journal of a name. */
export class QueueMember {
  readonly #options: ShmQueueOptions;
  readonly #config: EngineConfig;
  readonly #replica: Replica;
  readonly #catchUp = new CatchUp(() => this.#journal.catchUpInTurns());
  readonly #id = crypto.randomUUID();
  /** Those of this queue who wait for messages or events. */
  #listeners = 0;
  #opened: Opened | undefined;

  constructor(options: ShmQueueOptions, config: EngineConfig) {
    this.#options = options;
    this.#config = config;
    this.#replica = new Replica(options.persist === undefined);
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

  async close(): Promise<void> {
    if (this.#opened === undefined) return;
    const { journal, disk } = this.#opened;
    await disk.close();
    journal.close();
  }

  get #journal(): Journal {
    return this.#opened!.journal;
  }

  /** Name of the process among those of the journal. */
  get process(): string {
    return `${this.#journal.isolate}`;
  }

  /** Name of this queue among all. It begins with that of its process. */
  get name(): string {
    return `${this.process}/${this.#id}`;
  }

  /** Whether a process has ended that the name of a member, or that of a holder of leases, begins with. */
  hasEnded(name: string): boolean {
    const isolate = /^-?\d{1,20}/.exec(name)?.[0];
    return isolate !== undefined && this.#journal.hasEnded(BigInt(isolate));
  }

  /** The subscriptions of all queues. */
  get attendance(): Attendance {
    return this.#replica.attendance;
  }

  /** The time by the clock of the journal. */
  nowMs(): number {
    return this.#journal.nowMs();
  }

  /** Makes a call at once, or after what is there has been applied. Calls keep their order. */
  #call<T>(call: () => T): Promise<T> {
    const deferring = () => this.#journal.deferring(call);
    return this.#journal.isFarBehind || this.#catchUp.hasWaiting
      ? this.#catchUp.before(deferring)
      : inTurn(deferring);
  }

  /**
   * Appends an operation. Resolves with its result, when it is as safe as `fsync` says.
   *
   * @param heldUntilMs when what it adds has expired
   */
  async write<N extends OperationName>(
    name: N,
    call: CallOf<N>,
    heldUntilMs = Infinity,
  ): Promise<ResultOf<N>> {
    const result = await this.#call(() => this.append(name, call, heldUntilMs));
    await this.#opened!.disk.appended(!PASSING.has(name));
    return result;
  }

  /** Appends an operation, and returns its result. */
  append<N extends OperationName>(name: N, call: CallOf<N>, heldUntilMs = 0): ResultOf<N> {
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

  /** What was appended does not expire. */
  hold(): void {
    this.#journal.hold(Infinity);
  }

  /** Reads from the state at the time of the call, or a later one. */
  read<T>(read: (space: MemorySpace) => T): Promise<T> {
    return this.#call(() => read(this.current()));
  }

  /** The engine, after all that is due by now. */
  current(): MemorySpace {
    this.#journal.catchUp();
    const nowMs = this.#journal.nowMs();
    const isDone = this.#replica.nextDueMs > nowMs || this.#tryTick();
    return this.#replica.spaceAt(isDone ? nowMs : -Infinity);
  }

  /** Appends that time has passed. False if no space is left, not even reserved: reads then are of before. */
  #tryTick(): boolean {
    try {
      this.append("tick", {});
      return true;
    } catch (error) {
      if (!(error instanceof QueueOutOfMemoryError)) throw error;
      return false;
    }
  }

  /** Calls `onWakeup` when messages may be ready, until the result is called. */
  listen(channel: string, agent: string, onWakeup: () => void): () => void {
    return this.#watching(this.#replica.listen(channel, agent, onWakeup));
  }

  /** Calls `onEvent` with what happens, until the result is called. */
  listenToEvents(onEvent: (event: QueueEvent) => void): () => void {
    return this.#watching(this.#replica.listenToEvents(onEvent));
  }

  /** The journal is watched while somebody listens. */
  #watching(stop: () => void): () => void {
    if (this.#listeners++ === 0) this.#journal.watch();
    return () => {
      stop();
      if (--this.#listeners === 0) this.#journal.unwatch();
    };
  }
}
