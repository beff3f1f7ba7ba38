/**
 * The queue as one process has it: the records of the journal, applied to the engine of the in-memory queue.
 * All processes apply the same records in the same order, at the times of the records.
 *
 * @module
 */

import type { JournalRecord, JournalState, SnapshotRecord } from "../../../lib/journal/journal.ts";
import type { EngineConfig } from "../config.ts";
import { QueueError } from "../errors.ts";
import { MemorySpace } from "../memory/space.ts";
import type { EngineClock } from "../memory/stored_messages.ts";
import type { QueueEvent } from "../types.ts";
import { Attendance } from "./attendance.ts";
import { OPERATIONS, type State } from "./operations.ts";
import { damage, decodeRecord, operationRecord, partRecord } from "./record.ts";

/** Operations of a snapshot do not depend on it. */
const SNAPSHOT_CONFIG: EngineConfig = {
  leaseMs: 0,
  maxAttempts: 0,
  maxItems: 0,
  whenFull: "dropOldest",
};

/** Someone in this process who waits for messages or events. */
interface Listener {
  /** Attaches to a space. Returns the function that detaches. */
  readonly attach: (space: MemorySpace) => () => void;
  detach: () => void;
}

/** The time of the engine, which the replica sets. */
class RecordClock implements EngineClock {
  nowMs = 0;

  now(): number {
    return this.nowMs;
  }
}

/** A process's copy of the queue. */
export class Replica implements JournalState {
  readonly #clock = new RecordClock();
  #space = new MemorySpace(this.#clock);
  #attendance = new Attendance();
  readonly #listeners = new Set<Listener>();
  readonly #keepsWork: boolean;
  #outcome: Outcome = { value: undefined };

  /** `keepsWork`: the queue stays while there is something to do or to look at. */
  constructor(keepsWork = false) {
    this.#keepsWork = keepsWork;
  }

  /** The engine at a time, at which nothing may be due, for reads. */
  spaceAt(nowMs: number): MemorySpace {
    this.#clock.nowMs = Math.max(this.#clock.nowMs, nowMs);
    return this.#space;
  }

  /** The queues that have subscriptions. */
  get attendance(): Attendance {
    return this.#attendance;
  }

  /** When something happens by itself: a lease ends, a message is due, one expires. Infinity: never. */
  get nextDueMs(): number {
    return this.#space.nextDueMs;
  }

  /** Whether the queue stays when the last process leaves it. */
  get mustStay(): boolean {
    return this.#keepsWork && this.#space.hasWork;
  }

  get isEmpty(): boolean {
    return this.#space.isEmpty;
  }

  get removalBytes(): number {
    return this.#space.removalBytes;
  }

  /**
   * The result of the last own record.
   *
   * @throws {QueueError} if the engine rejected it
   */
  outcome(): unknown {
    const outcome = this.#outcome;
    this.#outcome = { value: undefined };
    if ("error" in outcome) throw outcome.error;
    return outcome.value;
  }

  /** Calls `onWakeup` when messages may be ready, until the result is called. */
  listen(channel: string, agent: string, onWakeup: () => void): () => void {
    return this.#listen((space) => space.listen(channel, agent, onWakeup));
  }

  /** Calls `onEvent` with what happens, until the result is called. */
  listenToEvents(onEvent: (event: QueueEvent) => void): () => void {
    return this.#listen((space) => space.listenToEvents(onEvent));
  }

  #listen(attach: Listener["attach"]): () => void {
    const listener: Listener = { attach, detach: attach(this.#space) };
    this.#listeners.add(listener);
    return () => {
      listener.detach();
      this.#listeners.delete(listener);
    };
  }

  reset(): void {
    for (const { detach } of this.#listeners) detach();
    this.#space = new MemorySpace(this.#clock);
    this.#attendance = new Attendance();
    for (const listener of this.#listeners) listener.detach = listener.attach(this.#space);
  }

  apply({ bytes, timeMs, isOwn }: JournalRecord): void {
    const record = decodeRecord(bytes);
    this.#clock.nowMs = timeMs;
    try {
      if (record.name === "part") return this.#space.restore(record.part);
      const { name, call, config } = record;
      // A snapshot has such records, and must not do what is due before others do it.
      if (name !== "attend") this.#space.sweep();
      const outcome = this.#execute(OPERATIONS[name] as Operation, call, config);
      if (isOwn) this.#outcome = outcome;
    } catch (cause) {
      throw damage(bytes, cause);
    }
  }

  /** What an operation rejects is rejected in all processes, and no damage. */
  #execute(operation: Operation, call: unknown, config: EngineConfig): Outcome {
    try {
      return {
        value: operation({ space: this.#space, attendance: this.#attendance }, call, config),
      };
    } catch (error) {
      if (error instanceof QueueError) return { error };
      throw error;
    }
  }

  *snapshot(): Iterable<SnapshotRecord> {
    for (const part of this.#space.contents()) {
      yield { bytes: partRecord(part), sequence: 0, heldUntilMs: part.heldUntilMs };
    }
    for (const [place, member] of this.#attendance.entries()) {
      const bytes = operationRecord("attend", { ...place, member }, SNAPSHOT_CONFIG);
      yield { bytes, sequence: 0, heldUntilMs: 0 };
    }
  }
}

type Operation = (state: State, call: unknown, config: EngineConfig) => unknown;

/** What an operation returned, or why it was rejected. */
type Outcome = { readonly value: unknown } | { readonly error: QueueError };
