/**
 * One session: a channel, its processes, and rounds of attacks on them. After each round everybody
 * rests, and what all of them wrote down is judged.
 *
 * @module
 */

import { removeStale } from "../mod.ts";
import { controlOffset, pendingBytes } from "../lib/attachment.ts";
import { CONTROL_BYTES } from "../wasm/layout.ts";
import { now, pause } from "./clock.ts";
import { Crew, type Member } from "./crew.ts";
import { type Judge, type Pattern, type PatternName, PATTERNS } from "./patterns.ts";
import { Random } from "./random.ts";
import { type Recovery, recoveryOf } from "./recovery.ts";
import { type Record, recordOf, Violation } from "./round.ts";
import { type Attack, planAttacks } from "./schedule.ts";

const CHANNEL = "torture";
/** Small rings are full, or lapped, all the time; large ones hardly ever. */
const CAPACITIES = [4096, 16_384, 65_536, 262_144, 1_048_576];
/** Survivors of an attack have to go on within ten times the time that is aimed at. */
export const RECOVERY_BOUND_MS = 1000;
/** As long may an error take whose replier died. */
export const LOST_BOUND_MS = 2000;

/** What is asked of a session. */
export interface SessionPlan {
  pattern: PatternName;
  seed: number;
  rounds: number;
  killsPerRound: number;
  /** Directory for the segment and the journals. */
  dir: string;
  /** Ends the session early. */
  signal?: AbortSignal;
}

/** What a session came to. */
export interface SessionResult extends Recovery {
  kills: number;
  stops: number;
  messages: number;
  missed: number;
  takenByDead: number;
  lostAfterMs: number[];
  capacityBytes: number;
  /** Bytes of the segment in the end. */
  segmentBytes: number;
}

/** Runs a session; `onRound` is told how far it is. */
export async function runSession(
  plan: SessionPlan,
  onRound: (result: SessionResult) => void = () => {},
): Promise<SessionResult> {
  const random = new Random(plan.seed);
  const session = new Session(plan, random);
  await using crew = session.crew;
  await crew.untilUp();
  for (let round = 1; round <= plan.rounds; round++) {
    await session.runRound(round);
    onRound(session.result);
  }
  await session.end();
  return session.result;
}

class Session {
  readonly crew: Crew;
  readonly result: SessionResult;
  readonly #plan: SessionPlan;
  readonly #random: Random;
  readonly #pattern: Pattern;
  readonly #judge: Judge;
  readonly #segments: string;
  #resumes: Promise<void>[] = [];

  constructor(plan: SessionPlan, random: Random) {
    this.#plan = plan;
    this.#random = random;
    this.#pattern = PATTERNS[plan.pattern];
    this.#judge = this.#pattern.judge();
    this.#segments = `${plan.dir}/segments`;
    const journals = `${plan.dir}/journals`;
    for (const dir of [this.#segments, journals]) Deno.mkdirSync(dir, { mode: 0o700 });
    const capacityBytes = random.pick(CAPACITIES);
    this.result = {
      kills: 0,
      stops: 0,
      messages: 0,
      missed: 0,
      takenByDead: 0,
      lostAfterMs: [],
      afterKillsMs: [],
      duringStopsMs: [],
      capacityBytes,
      segmentBytes: 0,
    };
    const { seed } = plan;
    const common = { channel: CHANNEL, dir: this.#segments, capacityBytes, journals, seed };
    this.crew = new Crew(common, this.#pattern.places, plan.signal);
  }

  /** Attacks, lets everybody rest, and judges. */
  async runRound(number: number): Promise<void> {
    const { crew } = this;
    const counts = Object.entries(this.#pattern.places) as [Attack["part"], number][];
    for (const attack of planAttacks(this.#random, counts, this.#plan.killsPerRound)) {
      await pause(attack.afterMs);
      await this.#carryOut(attack);
    }
    await Promise.all(this.#resumes);
    this.#resumes = [];
    await crew.untilUp();
    await this.#restAll(number);
    this.#sum([...crew.members, ...crew.dead].map(recordOf));
    if (number < this.#plan.rounds) await crew.go();
  }

  /** Senders first, so that receivers can take all that there is. */
  async #restAll(number: number): Promise<void> {
    await this.crew.rest([this.#pattern.senders], number);
    await this.crew.until(() => this.#isDrained(), "taking of all messages");
    await this.crew.rest([this.#pattern.receivers], number);
  }

  async #carryOut({ part, index, stopMs }: Attack): Promise<void> {
    const { crew } = this;
    let victim = crew.of(part)[index];
    const isReady = () => {
      victim = crew.of(part)[index];
      return victim.isUp && this.#goesOnWithout(victim);
    };
    await crew.until(isReady, `work of others beside ${victim.name}`);
    if (stopMs === undefined) {
      this.result.kills++;
      await crew.replace(victim);
    } else if (!victim.isStopped) {
      this.result.stops++;
      victim.stop();
      this.#resumes.push(pause(stopMs).then(() => victim.resume()));
    }
  }

  /** True if somebody else of each part is at work. */
  #goesOnWithout(victim: Member): boolean {
    const { senders, receivers } = this.#pattern;
    return [senders, receivers].every((part) =>
      this.crew.of(part).some((other) => other !== victim && other.isWorking)
    );
  }

  #isDrained(): boolean {
    return this.#pattern.kind === "broadcast" || pendingBytes(this.#control()) === 0n;
  }

  #control(): Uint8Array {
    using file = Deno.openSync(`${this.#segments}/${CHANNEL}`);
    file.seekSync(controlOffset(this.result.capacityBytes), Deno.SeekMode.Start);
    const control = new Uint8Array(CONTROL_BYTES);
    file.readSync(control);
    return control;
  }

  #sum(records: readonly Record[]): void {
    const { result } = this;
    const verdict = this.#judge(records);
    result.messages += verdict.messages;
    result.missed += verdict.missed;
    result.takenByDead += verdict.takenByDead;
    result.lostAfterMs.push(...verdict.lostAfterMs);
    const recovery = recoveryOf(records, this.#pattern.kind, now());
    result.afterKillsMs.push(...recovery.afterKillsMs);
    result.duringStopsMs.push(...recovery.duringStopsMs);
    result.segmentBytes = Deno.statSync(`${this.#segments}/${CHANNEL}`).size;
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
    checkBound("a requester waited for a dead replier", verdict.lostAfterMs, LOST_BOUND_MS);
  }

  /** Ends everybody; the last one takes the segment away, and `removeStale` what the dead left. */
  async end(): Promise<void> {
    await this.crew.end();
    const names = [...Deno.readDirSync(this.#segments)].map(({ name }) => name);
    if (names.includes(CHANNEL)) throw new Violation("the last to leave left the segment behind");
    removeStale({ dir: this.#segments });
    const agents = [...Deno.readDirSync(this.#segments)].filter(({ name }) =>
      name.startsWith(".agent-")
    );
    if (agents.length > 0) throw new Violation(`${agents.length} doorbells are left behind`);
  }
}

function checkBound(what: string, times: readonly number[], boundMs: number): void {
  const longest = Math.max(0, ...times);
  if (longest > boundMs) throw new Violation(`${what} for ${longest.toFixed(1)} ms`);
}
