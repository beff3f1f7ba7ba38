/** The two processes of one group of contestants, and measurements with them. */
import { pluralize } from "../../lib/base/pluralize.ts";
import { withDeadline } from "../../lib/base/timer.ts";
import { join } from "node:path";
import { PeerProcess, type StartPeer } from "./peer_process.ts";
import { PARTNERS, type PeerTask } from "./peers/task.ts";
import type { Facts } from "./peer_events.ts";
import type { Contestant, Workload } from "./workloads.ts";

/** The result of one run. */
export interface Run {
  /** Nanoseconds, or messages per second. */
  readonly value: number;
  /** Latencies in nanoseconds, at each of the `SHARES`. */
  readonly latenciesNs?: readonly number[];
}

const LIMIT_MS = 60_000;
const ACTIVE: Record<Workload["kind"], string> = {
  roundtrip: "ping",
  wake: "beat",
  throughput: "send",
};

let tasks = 0;

export class Pair implements AsyncDisposable {
  readonly #active: PeerProcess;
  /** The same process, for a process that plays both roles. */
  readonly #listening: PeerProcess;
  readonly #folder: string;

  constructor(start: StartPeer, isSingleProcess: boolean, folder: string) {
    this.#active = new PeerProcess(start);
    this.#listening = isSingleProcess ? this.#active : new PeerProcess(start);
    this.#folder = folder;
  }

  /** Measures a number of messages, after some for warming up. */
  async measure(contestant: Contestant, workload: Workload, count: number): Promise<Run> {
    const seconds = LIMIT_MS / 1000;
    const timeoutError = () => new Error(`not done after ${seconds} s`);
    return await withDeadline(this.#measure(contestant, workload, count), LIMIT_MS, timeoutError);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([
      this.#active[Symbol.asyncDispose](),
      this.#listening[Symbol.asyncDispose](),
    ]);
  }

  async #measure(contestant: Contestant, workload: Workload, count: number): Promise<Run> {
    const task = this.#taskOf(contestant, workload, count);
    if (this.#listening !== this.#active) {
      await this.#listening.startTask({ ...task, role: PARTNERS[task.role] });
      await this.#listening.waitFor("ready");
    }
    await this.#active.startTask(task);
    if (workload.kind === "throughput") {
      await this.#waitFor("warm");
      await this.#active.resume();
      await this.#waitFor("end");
      await this.#active.resume();
    }
    return runOf(await this.#waitFor("done"), workload, count);
  }

  /** The facts of both sides when the listening one has sent an event; at the end, when both have. */
  async #waitFor(event: string): Promise<Facts> {
    const sides = [this.#active, this.#listening];
    if (event === "done") {
      const facts = await Promise.all(sides.map((side) => side.waitFor(event)));
      return Object.assign({}, ...facts);
    }
    return await Promise.race([this.#listening.waitFor(event), this.#failureOf(this.#active)]);
  }

  /** Never resolves. Rejects when the process ends. */
  #failureOf(process: PeerProcess): Promise<never> {
    return process.waitFor("done").then(() => new Promise<never>(() => {}));
  }

  #taskOf({ peer, mode }: Contestant, workload: Workload, count: number): PeerTask {
    const { size, capacity, isObjects, kind } = workload;
    const name = `bench-${Deno.pid}-${++tasks}`;
    return {
      peer,
      mode,
      role: ACTIVE[kind],
      size,
      capacity,
      isObjects,
      count,
      warmup: warmupOf(peer, workload, count),
      address: peer === "socket" ? join(this.#folder, String(tasks)) : name,
    };
  }
}

/** A tenth; for Ringbus twice around the ring, so that every page of it is mapped. */
function warmupOf(peer: string, { kind, capacity, size }: Workload, count: number): number {
  const tenth = Math.ceil(count / 10);
  if (kind !== "throughput" || !peer.startsWith("ringbus")) return tenth;
  return Math.max(tenth, (2 * capacity) / size);
}

function runOf(facts: Facts, { kind }: Workload, count: number): Run {
  if (kind !== "throughput") {
    return { value: Number(facts["p50"]), latenciesNs: facts["latenciesNs"] as number[] };
  }
  if (facts["wrong"] !== 0) {
    throw new Error(`${pluralize(Number(facts["wrong"]), "message")} did not arrive as sent`);
  }
  return { value: count / ((Number(facts["endNs"]) - Number(facts["startNs"])) / 1e9) };
}
