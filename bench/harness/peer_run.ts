/** The processes of one run of one contestant. */
import { join } from "node:path";
import { Child } from "./child.ts";
import type { Contestant, Launch, Workload } from "./types.ts";

type Role = "ping" | "pong" | "send" | "receive" | "turns" | "beat" | "wake";

let runs = 0;

export class PeerRun implements AsyncDisposable {
  readonly #children: Child[] = [];
  readonly #folder: string;
  readonly #launch: Launch;
  readonly #contestant: Contestant;
  readonly #workload: Workload;

  constructor(scratch: string, launch: Launch, contestant: Contestant, workload: Workload) {
    this.#folder = join(scratch, String(++runs));
    Deno.mkdirSync(this.#folder);
    this.#launch = launch;
    this.#contestant = contestant;
    this.#workload = workload;
  }

  /** How many messages this contestant measures: the slow ones do fewer. */
  get count(): number {
    return this.#paced(this.#workload.count);
  }

  /** Starts both sides, the listening one first; a peer that is alone plays both roles itself. */
  async start(listening: Role, active: Role): Promise<{ listener: Child; active: Child }> {
    if (this.#launch.alone) {
      const both = this.#spawn(active);
      return { listener: both, active: both };
    }
    const listener = this.#spawn(listening);
    await listener.event("ready");
    return { listener, active: this.#spawn(active) };
  }

  /** Plays a role in which one process is both sides. Resolves when it has ended. */
  async play(role: Role): Promise<void> {
    await this.#spawn(role).finished;
  }

  async latencies(): Promise<Float64Array> {
    const bytes = await Deno.readFile(this.#out);
    return new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) await child[Symbol.asyncDispose]();
    await Deno.remove(this.#folder, { recursive: true });
  }

  get #out(): string {
    return join(this.#folder, "latencies");
  }

  #paced(count: number): number {
    return Math.max(4, Math.ceil(count * this.#contestant.pace));
  }

  #spawn(role: Role): Child {
    const { size, warmup, capacity } = this.#workload;
    const path = join(this.#folder, "channel");
    const args = [
      role,
      this.#launch.address?.(path) ?? path,
      ...[size, this.#paced(warmup), this.count, capacity].map(String),
      this.#contestant.mode,
      this.#out,
    ];
    const child = new Child(this.#launch, args);
    this.#children.push(child);
    return child;
  }
}
