/**
 * One session: a channel, its processes, and rounds of attacks on them. After each round all processes
 * rest, and their journals are checked.
 *
 * @module
 */

import { type ChannelOptions, Puller, removeStale, Replier, Subscriber } from "../../mod.ts";
import { controlOffset } from "../../lib/segment/format.ts";
import { SegmentFile } from "../../lib/observe/segment_file.ts";
import { geometryOf, isDrained } from "../../lib/segment/tables.ts";
import { CONTROL_BYTES, HEADER_BYTES, HEADER_CAPACITY } from "../../wasm/layout.ts";
import { checkInvariants } from "./invariant_check.ts";
import { now, sleep } from "./clock.ts";
import { type Common, type Member, type ProcessCounts, ProcessPool } from "./process_pool.ts";
import { addFigures, type Figures, noFigures } from "./figures.ts";
import { type Pattern, type PatternName, PATTERNS, type Verifier } from "./patterns.ts";
import { Random } from "../support/random.ts";
import { Delays } from "./delays.ts";
import { openingsOf, recoveryOf } from "./recovery.ts";
import { type Record, recordOf, Violation } from "./round.ts";
import { type Attack, planAttacks } from "./schedule.ts";

const CHANNEL = "stress";
/** Small rings are often full, or lapped; large ones rarely. */
const CAPACITIES = [4096, 16_384, 65_536, 262_144, 1_048_576];
/** Probability that a socket is replaced by a new one at each check. */
const REOPEN_CHANCE = 0.01;
/** Survivors of an attack that have a processor must continue within ten times the aimed time. */
export const RECOVERY_BOUND_MS = 1000;
/** Longest time until the error for a request whose replier died. */
export const LOST_BOUND_MS = 2000;

type SocketClass = new (channel: string, options: ChannelOptions) => { close(): void };

const SOCKET_CLASSES: { [kind in Pattern["kind"]]: SocketClass } = {
  queue: Puller,
  broadcast: Subscriber,
  request: Replier,
};

/** A plan of a session. */
export interface SessionPlan {
  pattern: PatternName;
  seed: number;
  rounds: number;
  killsPerRound: number;
  /** Directory for the segment and the journals. */
  dir: string;
  /** Ends the session early. */
  signal?: AbortSignal | undefined;
}

/** Settings that differ between sessions. */
export interface Settings extends Pick<Common, "failpointRing" | "first" | "reopenChance"> {
  processCounts: ProcessCounts;
}

/** The result of a session. */
export interface SessionResult extends Figures {
  capacityBytes: number;
  /** Bytes of the segment at the end. */
  segmentBytes: number;
}

/** Runs a session. `onRound` is called after each round. */
export async function runSession(
  plan: SessionPlan,
  onRound: (result: SessionResult) => void = () => {},
): Promise<SessionResult> {
  const random = new Random(plan.seed);
  const session = new Session(plan, random.pick(CAPACITIES));
  await using pool = session.pool;
  await pool.untilUp();
  const counts = Object.entries(PATTERNS[plan.pattern].processCounts) as [Attack["part"], number][];
  for (let round = 1; round <= plan.rounds; round++) {
    await session.runRound(round, async () => {
      for (const attack of planAttacks(random, counts, plan.killsPerRound)) {
        await sleep(attack.afterMs);
        await session.execute(attack);
      }
    });
    onRound(session.result);
    if (round < plan.rounds) await pool.startRound();
  }
  await session.end();
  return session.result;
}

/** A channel with its processes, and their results so far. */
export class Session {
  readonly pool: ProcessPool;
  readonly result: SessionResult;
  readonly #pattern: Pattern;
  readonly #verify: Verifier;
  readonly #segments: string;
  #resumes: Promise<void>[] = [];

  /** Starts the processes. `settings` has the differences from a session of random attacks. */
  constructor(plan: SessionPlan, capacityBytes: number, settings: Partial<Settings> = {}) {
    this.#pattern = PATTERNS[plan.pattern];
    this.#verify = this.#pattern.createVerifier();
    this.#segments = `${plan.dir}/segments`;
    const journals = `${plan.dir}/journals`;
    for (const dir of [this.#segments, journals]) Deno.mkdirSync(dir, { mode: 0o700 });
    this.result = { ...noFigures(), capacityBytes, segmentBytes: 0 };
    const { seed, signal } = plan;
    const {
      processCounts: processCounts = this.#pattern.processCounts,
      reopenChance = REOPEN_CHANCE,
      ...rest
    } = settings;
    const dir = this.#segments;
    const common = { channel: CHANNEL, dir, capacityBytes, journals, seed, reopenChance, ...rest };
    this.pool = new ProcessPool(common, processCounts, signal);
  }

  /** Attacks, lets all processes rest, and checks their journals. */
  async runRound(number: number, attack: () => Promise<void>): Promise<void> {
    const { pool } = this;
    using delays = new Delays(() => pool.members.map(({ pid }) => pid));
    await attack();
    await Promise.all(this.#resumes);
    this.#resumes = [];
    await pool.untilUp();
    await this.#quiesceAll(number);
    this.#sum([...pool.members, ...pool.dead].map(recordOf), delays);
    this.#checkInvariants();
  }

  /** Senders rest first, so that receivers can take all messages. */
  async #quiesceAll(number: number): Promise<void> {
    await this.pool.quiesce([this.#pattern.senders], number);
    await this.pool.until(() => this.#isDrained(), "receipt of all messages");
    await this.pool.quiesce([this.#pattern.receivers], number);
  }

  /** Kills or stops a process as soon as others work. */
  async execute({ part, index, stopMs }: Attack): Promise<void> {
    const { pool } = this;
    let victim = pool.of(part)[index];
    const isReady = () => {
      victim = pool.of(part)[index];
      return victim.isUp && this.othersAreWorking(victim);
    };
    await pool.until(isReady, `work of others beside ${victim.name}`);
    if (stopMs === undefined) await this.kill(victim);
    else if (!victim.isStopped) {
      this.#resumes.push(this.stop(victim, () => sleep(stopMs)));
    }
  }

  /** Kills a process, and starts its successor. */
  async kill(victim: Member): Promise<void> {
    this.result.kills++;
    await this.pool.replace(victim);
  }

  /** Stops a process until an event. */
  async stop(victim: Member, happens: () => Promise<void>): Promise<void> {
    this.result.stops++;
    victim.stop();
    await happens();
    victim.resume();
  }

  /** True if another process of each part works. */
  othersAreWorking(victim: Member): boolean {
    const { senders, receivers } = this.#pattern;
    return [senders, receivers].every((part) =>
      this.pool.of(part).some((other) => other !== victim && other.isWorking)
    );
  }

  #isDrained(): boolean {
    if (this.#pattern.kind === "broadcast") return true;
    using file = SegmentFile.open(`${this.#segments}/${CHANNEL}`);
    return isDrained(file, geometryOf(this.#channelCapacity()));
  }

  /** Bytes of the first ring: of its creator's, if that was a sender. */
  #channelCapacity(): number {
    const header = this.#bytes(0, HEADER_BYTES);
    return Number(new DataView(header.buffer).getBigUint64(HEADER_CAPACITY, true));
  }

  #bytes(offset: number, length: number): Uint8Array {
    using file = Deno.openSync(`${this.#segments}/${CHANNEL}`);
    file.seekSync(offset, Deno.SeekMode.Start);
    const bytes = new Uint8Array(length);
    file.readSync(bytes);
    return bytes;
  }

  /** Checks the tables while all rest: after an attach no table may refer to dead participants. */
  #checkInvariants(): void {
    new SOCKET_CLASSES[this.#pattern.kind](CHANNEL, { dir: this.#segments, codec: "raw" }).close();
    const end = controlOffset(this.#channelCapacity()) + CONTROL_BYTES;
    checkInvariants(
      this.#bytes(0, end),
      this.pool.members.filter(({ journal }) => journal.openStream >= 0).length,
    );
  }

  #sum(records: readonly Record[], delays: Delays): void {
    const { result } = this;
    const figures = this.#verify(records);
    addFigures(result, figures);
    const recovery = recoveryOf(records, this.#pattern.kind, now());
    addFigures(result, recovery);
    result.segmentBytes = Deno.statSync(`${this.#segments}/${CHANNEL}`).size;
    const checkBound = (what: string, times: readonly number[], boundMs: number) => {
      const longestMs = Math.max(0, ...times);
      if (longestMs <= boundMs || delays.leastOf(longestMs) <= boundMs) return;
      throw new Violation(`${what} for ${longestMs.toFixed(1)} ms`);
    };
    checkBound(
      "survivors went without a message after a kill",
      recovery.afterKillsMs,
      RECOVERY_BOUND_MS,
    );
    checkBound(
      "others went without a message during a stop",
      recovery.duringStopsMs,
      RECOVERY_BOUND_MS,
    );
    checkBound("a socket was being opened", openingsOf(records), RECOVERY_BOUND_MS);
    checkBound("a requester waited for a dead replier", figures.lostAfterMs ?? [], LOST_BOUND_MS);
  }

  /** Ends all processes. The last one deletes the segment, and `removeStale` what dead ones left. */
  async end(): Promise<void> {
    await this.pool.end();
    const names = [...Deno.readDirSync(this.#segments)].map(({ name }) => name);
    if (names.includes(CHANNEL)) throw new Violation("the last to leave left the segment behind");
    removeStale({ dir: this.#segments });
    const agents = [...Deno.readDirSync(this.#segments)].filter(({ name }) =>
      name.startsWith(".agent-")
    );
    if (agents.length > 0) throw new Violation(`${agents.length} doorbells are left behind`);
  }
}
