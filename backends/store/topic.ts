/**
 * One topic. Ids sort by priority, then by time. So a topic has one sorted run for each priority, and the
 * concatenation of the runs is the topic sorted by id.
 *
 * @module
 */

import {
  BEGINNING_ID,
  type Priority,
  priorityOf,
  timestampOf,
} from "../../lib/message/gemstone.ts";
import { Run } from "./run.ts";
import type { StoredMessage } from "./stored_message.ts";

/** The messages of a topic. */
export class Topic {
  readonly name: string;
  /** By priority. A run is created with its first message. */
  readonly #runs: (Run | undefined)[] = Array(8).fill(undefined);
  /** The messages that were read last; undefined if they have changed. */
  #all: readonly StoredMessage[] | undefined;
  #length = 0;
  #bytes = 0;
  #stored = 0;
  /** Messages whose timestamp differs from their id. While there are any, searches scan all messages. */
  #irregular = 0;

  constructor(name: string) {
    this.name = name;
  }

  /** Number of messages. */
  get length(): number {
    return this.#length;
  }

  /** Approximate bytes of its messages. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Messages stored since the topic was last empty. */
  get stored(): number {
    return this.#stored;
  }

  add(message: StoredMessage): void {
    this.#all = undefined;
    this.#runOf(message.priority).add(message);
    this.#length++;
    this.#stored++;
    this.#bytes += message.bytes;
    if (!message.isRegular) this.#irregular++;
  }

  remove(message: StoredMessage): void {
    this.#all = undefined;
    this.#runOf(message.priority).remove(message);
    this.#length--;
    this.#bytes -= message.bytes;
    if (!message.isRegular) this.#irregular--;
  }

  /** False if no message with the same id is in it for sure, which is quick to say. */
  mayHave({ id, priority }: StoredMessage): boolean {
    return this.#runs[priority]?.reaches(id) ?? false;
  }

  #runOf(priority: Priority): Run {
    return this.#runs[priority] ??= new Run();
  }

  /** The message with the earliest id time. */
  get oldest(): StoredMessage | undefined {
    let oldest: StoredMessage | undefined;
    for (const run of this.#runs) {
      const first = run?.first;
      if (first === undefined) continue;
      if (oldest === undefined || first.idTimeMs < oldest.idTimeMs) oldest = first;
    }
    return oldest;
  }

  /** All messages, sorted by id. Nothing is copied again until the topic changes. */
  all(): readonly StoredMessage[] {
    return this.#all ??= this.#runs.flatMap((run) => run?.all() ?? []);
  }

  /**
   * At most `limit` messages that are later than the one with an id, or in the same millisecond with a
   * larger id; sorted by id. The message with the id need not exist. After `BEGINNING_ID` come all others.
   */
  since(id: bigint, limit: number): StoredMessage[] {
    const timeMs = this.#timeOf(id);
    return this.#collect(
      (message, messageMs) => messageMs > timeMs || messageMs === timeMs && message.id > id,
      limit,
    );
  }

  /** The messages with a later timestamp, sorted by id. */
  sinceTimestamp(timestampMs: number): StoredMessage[] {
    const timeMs = Math.floor(timestampMs);
    return this.#collect((_message, messageMs) => messageMs >= timeMs, Infinity)
      .filter((message) => message.timestampMs > timestampMs);
  }

  /** A message with an id. */
  find(id: bigint): StoredMessage | undefined {
    return this.#runOf(priorityOf(id)).find(id);
  }

  #timeOf(id: bigint): number {
    const found = this.#irregular === 0 ? undefined : this.find(id);
    if (found !== undefined) return Math.floor(found.timestampMs);
    return id === BEGINNING_ID && this.#irregular > 0 ? -Infinity : timestampOf(id);
  }

  /** The messages that meet a condition on message and time, sorted by id. */
  #collect(
    condition: (message: StoredMessage, timeMs: number) => boolean,
    limit: number,
  ): StoredMessage[] {
    if (this.#irregular > 0) {
      return this.all()
        .filter((message) => condition(message, Math.floor(message.timestampMs)))
        .slice(0, limit);
    }
    const found: StoredMessage[] = [];
    for (const run of this.#runs) {
      const rest = run?.from(
        (message) => condition(message, message.idTimeMs),
        limit - found.length,
      );
      for (const message of rest ?? []) found.push(message);
    }
    return found;
  }
}
