/**
 * The processes of a session: starting, stopping, killing and replacing them.
 *
 * @module
 */

import { now, sleep } from "./clock.ts";
import { END, type InFlight, Journal, RUN } from "./journal.ts";
import { Random } from "../support/random.ts";
import type { Part, Task } from "./task.ts";

const CHILD = new URL("child.ts", import.meta.url).href;
/** Generous: reached only when a process hangs. */
export const DEADLINE_MS = 60_000;
const POLL_MS = 2;

/** The time in which a process was stopped. */
export interface Stop {
  from: number;
  until: number;
}

/** One process. */
export class Member implements AsyncDisposable {
  readonly task: Task;
  readonly journal: Journal;
  readonly stops: Stop[] = [];
  readonly #process: Deno.ChildProcess;
  readonly #ended: Promise<Deno.CommandStatus>;
  #hasEnded = false;
  #stderr = "";
  /** Time of the kill. Undefined if it was not killed. */
  killedAt: number | undefined;
  /** Time at which it was certainly dead. */
  deadAt: number | undefined;
  isStopped = false;

  constructor(task: Task, point: number | undefined) {
    this.task = task;
    this.journal = Journal.create(task.journal);
    if (point !== undefined) this.journal.arm(point, 1);
    this.#process = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-prompt", "--allow-ffi", CHILD, JSON.stringify(task)],
      env: { NO_COLOR: "1" },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    this.#ended = this.#follow();
  }

  async #follow(): Promise<Deno.CommandStatus> {
    for await (const text of this.#process.stderr.pipeThrough(new TextDecoderStream())) {
      this.#stderr += text;
    }
    const status = await this.#process.status;
    this.#hasEnded = true;
    this.deadAt = now();
    return status;
  }

  get pid(): number {
    return this.#process.pid;
  }

  get name(): string {
    return `${this.task.part} ${this.task.incarnation}`;
  }

  /** True if it runs and has begun to attach. */
  get isUp(): boolean {
    return !this.#hasEnded && this.killedAt === undefined && this.journal.isAttaching;
  }

  /** True if it has sent or received, and is not stopped. */
  get isWorking(): boolean {
    return this.isUp && !this.isStopped && this.journal.isWorking;
  }

  /** True if it ended and was not killed. */
  get hasFailed(): boolean {
    return this.#hasEnded && this.killedAt === undefined;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** The receive that was in flight when it was killed. */
  get inFlight(): InFlight {
    return this.journal.inFlight;
  }

  /** Stops it for a while. */
  stop(): void {
    this.#process.kill("SIGSTOP");
    this.isStopped = true;
    this.stops.push({ from: now(), until: Infinity });
  }

  /** Resumes it, if it is stopped. */
  resume(): void {
    if (!this.isStopped || this.#hasEnded || this.killedAt !== undefined) return;
    this.stops.at(-1)!.until = now();
    this.isStopped = false;
    this.journal.release();
    this.#process.kill("SIGCONT");
  }

  /** Kills it, and waits for its end. */
  async kill(): Promise<void> {
    this.killedAt = now();
    this.#process.kill("SIGKILL");
    await this.#ended;
  }

  /** Orders it to end, and waits for that. */
  async end(): Promise<void> {
    this.journal.order = END;
    const { success, code, signal } = await this.#ended;
    if (!success) throw new Error(`${this.name} ended with ${signal ?? code}: ${this.#stderr}`);
  }

  /** Ends it, if it runs, and deletes its journal. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#hasEnded) await this.kill();
    this.journal[Symbol.dispose]();
    await Deno.remove(this.task.journal);
  }
}

/** Number of processes of each part. */
export type ProcessCounts = Partial<Record<Part, number>>;

/** What all processes of a session have in common. */
export interface Common {
  channel: string;
  dir: string;
  capacityBytes: number;
  /** Directory of the journals. */
  journals: string;
  seed: number;
  failpointRing?: string;
  reopenChance: number;
  /** The part that starts first, and the failpoint at which one of its processes stops. */
  first?: { part: Part; point: number };
}

/** All processes of a session. A successor takes the place of a dead one. */
export class ProcessPool implements AsyncDisposable {
  readonly #common: Common;
  readonly #signal: AbortSignal | undefined;
  readonly #members: Member[] = [];
  /** Processes that were killed in this round. */
  #dead: Member[] = [];
  #incarnations = 0;

  constructor(common: Common, counts: ProcessCounts, signal: AbortSignal | undefined) {
    this.#common = common;
    this.#signal = signal;
    for (const [part, count] of Object.entries(counts) as [Part, number][]) {
      if (common.first && part !== common.first.part) continue;
      for (let i = 0; i < count; i++) this.#members.push(this.#start(part, common.first?.point));
    }
  }

  /** Starts the other parts, which `first` delayed. */
  startOthers(counts: ProcessCounts): void {
    for (const [part, count] of Object.entries(counts) as [Part, number][]) {
      if (this.of(part).length > 0) continue;
      for (let i = 0; i < count; i++) this.#members.push(this.#start(part));
    }
  }

  #start(part: Part, point?: number): Member {
    const incarnation = ++this.#incarnations;
    const { channel, dir, capacityBytes, failpointRing, reopenChance } = this.#common;
    const journal = `${this.#common.journals}/${incarnation}`;
    const seed = new Random(this.#common.seed, incarnation).word();
    const common = { channel, dir, capacityBytes, failpointRing, reopenChance };
    return new Member({ ...common, part, incarnation, journal, seed }, point);
  }

  /** The live processes. */
  get members(): readonly Member[] {
    return this.#members;
  }

  /** The processes that were killed in this round. */
  get dead(): readonly Member[] {
    return this.#dead;
  }

  /** The live processes of a part. */
  of(part: Part): Member[] {
    return this.#members.filter((member) => member.task.part === part);
  }

  /** Kills a member and starts its successor. */
  async replace(member: Member): Promise<void> {
    await member.kill();
    this.#dead.push(member);
    this.#members[this.#members.indexOf(member)] = this.#start(member.task.part);
  }

  /** Waits until a condition holds. Fails early when a process fails. */
  async until(condition: () => boolean, what: string | (() => string)): Promise<void> {
    const deadline = now() + DEADLINE_MS;
    while (!condition()) {
      this.#signal?.throwIfAborted();
      this.checkAlive();
      if (now() > deadline) throw lateError(typeof what === "string" ? what : what());
      await sleep(POLL_MS);
    }
    this.checkAlive();
  }

  /** Throws if a process ended that was not killed. */
  checkAlive(): void {
    const failed = this.#members.find((member) => member.hasFailed);
    if (failed) throw new Error(`${failed.name} failed: ${failed.stderr}`);
  }

  /** Waits until every process is attached or about to be. */
  untilUp(): Promise<void> {
    const isUp = () => this.#members.every((member) => member.isUp);
    return this.until(isUp, "attaching of all processes");
  }

  /** Orders those of the given parts to rest, and waits until they do. */
  async quiesce(parts: readonly Part[], order: number): Promise<void> {
    const members = this.#members.filter((member) => parts.includes(member.task.part));
    for (const { journal } of members) journal.order = order;
    const busy = () => members.filter(({ journal }) => journal.acknowledged !== order);
    await this.until(
      () => busy().length === 0,
      () => `resting of ${busy().map(({ name }) => name).join(", ")}`,
    );
  }

  /** Begins a new round: removes the dead processes and resumes the live ones. */
  async startRound(): Promise<void> {
    await Promise.all(this.#dead.map((member) => member[Symbol.asyncDispose]()));
    this.#dead = [];
    for (const { journal, stops } of this.#members) {
      journal.clear();
      stops.length = 0;
      journal.order = RUN;
    }
  }

  /** Waits for the end of all processes, which must be at rest. */
  async end(): Promise<void> {
    await Promise.all(this.#members.map((member) => member.end()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const member of [...this.#members, ...this.#dead]) await member[Symbol.asyncDispose]();
  }
}

function lateError(what: string): Error {
  return new Error(`${what} did not happen within ${DEADLINE_MS} ms`);
}
