/**
 * The task of a process of the stress test, and how the process follows orders.
 *
 * @module
 */

import type { ChannelOptions } from "../../mod.ts";
import { sleep } from "./clock.ts";
import { END, type Journal, MAX_ENTRIES, RUN } from "./journal.ts";
import { Random } from "../support/random.ts";

/** The part of a process. */
export type Part =
  | "publisher"
  | "subscriber"
  | "latecomer"
  | "announcer"
  | "chooser"
  | "pusher"
  | "puller"
  | "acknowledger"
  | "requester"
  | "replier";

/** The arguments of a process. */
export interface Task {
  part: Part;
  channel: string;
  dir: string;
  capacityBytes: number;
  journal: string;
  /** Number of this process in its session, and the seed of its choices. */
  incarnation: number;
  seed: number;
  /** Path of a ring with failpoints. Undefined: the shipped ring. */
  failpointRing?: string | undefined;
  /** Probability that a socket is replaced by a new one at each check. */
  reopenChance: number;
}

/** Most sockets that one process opens, one after the other. Each is a stream of its own. */
export const MAX_SOCKETS = 256;
/** Most messages that one process sends between two rests: the journals of receivers must hold them. */
const MAX_MESSAGES = MAX_ENTRIES / 7;
const QUIESCE_POLL_MS = 2;
const CALLS_PER_PARENT_CHECK = 256;
const CALLS_PER_REOPEN = 40;

/** A running process: its task, its journal, its numbers. */
export class ProcessContext {
  readonly task: Task;
  readonly journal: Journal;
  readonly random: Random;
  readonly #parent = Deno.ppid;
  #sockets = 0;
  #messages = 0;
  #calls = 0;

  constructor(task: Task, journal: Journal) {
    this.task = task;
    this.journal = journal;
    this.random = new Random(task.seed);
  }

  get options(): ChannelOptions {
    const { dir, capacityBytes } = this.task;
    return { dir, capacityBytes, codec: "raw" };
  }

  /** Senders have rings of two sizes. */
  get senderOptions(): ChannelOptions {
    const capacityBytes = this.task.capacityBytes * this.random.between(1, 2);
    return { ...this.options, capacityBytes };
  }

  /** The stream of the next socket. */
  nextStream(): number {
    return this.task.incarnation * MAX_SOCKETS + this.#sockets++;
  }

  /** True when it is time for the next socket, at random. */
  isTimeToReopen(): boolean {
    return this.#sockets < MAX_SOCKETS && this.random.chance(this.task.reopenChance);
  }

  /** Makes calls, or rests when ordered to, until it is time for the next socket. */
  async work(call: () => Promise<void>, quiesce: () => Promise<void>): Promise<void> {
    for (let calls = 1; !this.isOver; calls++) {
      await (this.isRunning ? call() : quiesce());
      if (calls % CALLS_PER_REOPEN === 0 && this.isTimeToReopen()) return;
    }
  }

  /** True while the order is to work. A process without a parent ends. */
  get isRunning(): boolean {
    if (++this.#calls % CALLS_PER_PARENT_CHECK === 0) this.#exitIfOrphaned();
    return this.journal.order === RUN;
  }

  get isOver(): boolean {
    return this.journal.order === END;
  }

  #exitIfOrphaned(): void {
    if (Deno.ppid !== this.#parent) Deno.exit(1);
  }

  /** Acknowledges the order to rest, and waits for the next one. */
  async quiesce(): Promise<void> {
    const { order } = this.journal;
    if (order === RUN || order === END) return;
    this.journal.acknowledged = order;
    while (this.journal.order === order) {
      await sleep(QUIESCE_POLL_MS);
      this.#exitIfOrphaned();
    }
    this.#messages = 0;
  }

  /** Counts messages that are to be sent. False when no more may be sent before the next rest. */
  mayCount(messages: number): boolean {
    if (this.#messages + messages > MAX_MESSAGES) return false;
    this.#messages += messages;
    return true;
  }
}
