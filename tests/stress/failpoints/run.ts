/**
 * A run of the failpoints: at each one a process is killed, or stopped while others open and close sockets.
 * The journals of all are checked as after random attacks.
 *
 * @module
 */

import { now, sleep } from "../clock.ts";
import type { Member, ProcessPool } from "../process_pool.ts";
import { type PatternName, PATTERNS } from "../patterns.ts";
import { Random } from "../../support/random.ts";
import type { Part } from "../task.ts";
import { Session, type SessionResult } from "../session.ts";
import { numberOf, type PointName } from "./points.ts";
import type { Scenario } from "./reach.ts";

/** Small, so that rings are often full or lapped. */
const CAPACITY_BYTES = 16_384;
const REOPEN_CHANCE = 0.08;
const SCENARIOS_PER_ROUND = 8;
const ROUNDS = 4;
/** Most passes of a point before a process is held there. */
const MAX_PASSES = 3;
const POLL_MS = 1;
/** After this time without a process at the point, others are attacked to provoke a pass. */
const PROVOKE_MS = 200;
const PROVOKED_STOP_MS = 80;
/** Attacks after which a point counts as not reached, however slow the machine is. */
const MAX_PROVOCATIONS = 60;
/** Time in which the processes that create a channel are alone once they run, unless one is held. */
const ALONE_MS = 400;
/** What another process has to be killed at, so that a point is reached that random kills seldom lead to. */
const CAUSES: Partial<Record<PointName, { part: Part; point: PointName }>> = {
  REQUEST_ABANDONED: { part: "replier", point: "REQUEST_TAKEN" },
};
/** Reached only when a process hangs. */
const POINT_TIMEOUT_MS = 120_000;
/** A stop lasts until others have opened sockets meanwhile, and at most this long. */
const MAX_STOP_MS = 300;
/** Longest time that requesters wait for a stopped replier, before it is killed or resumed. */
const MAX_REPLY_WAIT_MS = 3000;

/** The plan of a run. */
export interface FailpointPlan {
  scenarios: readonly Scenario[];
  seed: number;
  /** Path of the ring with failpoints. */
  ring: string;
  /** Directory for all files. */
  dir: string;
  signal?: AbortSignal;
}

/** The result of a run. */
export interface FailpointTotal {
  pattern: PatternName;
  done: Scenario[];
  /** Scenarios whose point no process reached in time. */
  unreached: Scenario[];
  messages: number;
  afterKillsMs: number[];
  duringStopsMs: number[];
  lostAfterMs: number[];
  seconds: number;
}

/** A scenario with a broken guarantee. */
export class ScenarioFailure extends Error {
  override name = "ScenarioFailure";
}

/** Runs all scenarios. `onDone` is called after each. */
export async function runFailpoints(
  plan: FailpointPlan,
  onDone: (scenario: Scenario, isReached: boolean) => void = () => {},
): Promise<FailpointTotal[]> {
  const totals: FailpointTotal[] = [];
  for (const [pattern, scenarios] of Map.groupBy(plan.scenarios, ({ pattern }) => pattern)) {
    totals.push(await new PatternRun(pattern, plan, onDone).run(scenarios));
  }
  return totals;
}

class PatternRun {
  readonly #plan: FailpointPlan;
  readonly #random: Random;
  readonly #onDone: (scenario: Scenario, isReached: boolean) => void;
  readonly #total: FailpointTotal;
  #sessions = 0;
  /** The last scenarios. */
  #current = "";

  constructor(
    pattern: PatternName,
    plan: FailpointPlan,
    onDone: (scenario: Scenario, isReached: boolean) => void,
  ) {
    this.#plan = plan;
    this.#random = new Random(plan.seed, Object.keys(PATTERNS).indexOf(pattern));
    this.#onDone = onDone;
    this.#total = {
      pattern,
      done: [],
      unreached: [],
      messages: 0,
      afterKillsMs: [],
      duringStopsMs: [],
      lostAfterMs: [],
      seconds: 0,
    };
  }

  async run(scenarios: readonly Scenario[]): Promise<FailpointTotal> {
    const startedAt = now();
    for (const scenario of scenarios.filter(({ isFirst }) => isFirst)) {
      await this.#session([[scenario]], scenario);
    }
    const rest = scenarios.filter(({ isFirst }) => !isFirst);
    const rounds = chunks(rest, SCENARIOS_PER_ROUND);
    for (const session of chunks(rounds, ROUNDS)) await this.#session(session);
    this.#total.seconds = (now() - startedAt) / 1000;
    return this.#total;
  }

  /** A channel for several scenarios. `first` is armed before any process starts. */
  async #session(rounds: readonly (readonly Scenario[])[], first?: Scenario): Promise<void> {
    const { pattern } = this.#total;
    const dir = `${this.#plan.dir}/${pattern}-${++this.#sessions}`;
    Deno.mkdirSync(dir, { mode: 0o700 });
    const seed = new Random(this.#plan.seed, this.#sessions).word();
    const plan = { pattern, seed, rounds: rounds.length, killsPerRound: 0, dir };
    try {
      const session = new Session({ ...plan, signal: this.#plan.signal }, CAPACITY_BYTES, {
        failpointRing: this.#plan.ring,
        reopenChance: REOPEN_CHANCE,
        ...first && { first: { part: first.part, point: numberOf(first.point) } },
      });
      await this.#work(session, rounds);
      this.#add(session.result);
    } catch (cause) {
      const tried = rounds.flat().map(nameOf).join(", ");
      throw new ScenarioFailure(
        `${pattern} failed at ${this.#current}: ${
          (cause as Error).message
        }\nsince the channel was ` +
          `new: ${tried}; the seed is ${this.#plan.seed}`,
        { cause },
      );
    } finally {
      Deno.removeSync(dir, { recursive: true });
    }
  }

  async #work(session: Session, rounds: readonly (readonly Scenario[])[]): Promise<void> {
    await using pool = session.pool;
    for (const [at, scenarios] of rounds.entries()) {
      await session.runRound(at + 1, async () => {
        for (const scenario of scenarios) await this.#execute(scenario, session);
      });
      if (at + 1 < rounds.length) await pool.startRound();
    }
    await session.end();
  }

  async #execute(scenario: Scenario, session: Session): Promise<void> {
    this.#current = nameOf(scenario);
    const victim = await this.#pauseAtPoint(scenario, session);
    this.#onDone(scenario, victim !== undefined);
    if (victim === undefined) {
      this.#total.unreached.push(scenario);
      return;
    }
    this.#total.done.push(scenario);
    await untilOthersProgress(session, victim);
    if (scenario.deed === "kill") await session.kill(victim);
    else await session.stop(victim, () => untilOthersReopen(session.pool, victim));
    await untilOthersProgress(session, victim);
  }

  /** Holds a process at the point. Undefined if no process reaches it. */
  async #pauseAtPoint(scenario: Scenario, session: Session): Promise<Member | undefined> {
    const { pool } = session;
    const point = numberOf(scenario.point);
    const startedAt = now();
    let upAt = Infinity;
    let provokedAt = startedAt;
    let turn = 0;
    let provocations = 0;
    const nth = this.#random.between(1, MAX_PASSES);
    if (!scenario.isFirst) {
      await pool.until(() => pool.of(scenario.part).every((member) => member.isUp), "a start");
      for (const member of pool.of(scenario.part)) member.journal.arm(point, nth);
    }
    while (true) {
      const paused = pool.members.filter(({ journal }) => journal.isHeldAt(point));
      if (pool.of(scenario.part).every((member) => member.isUp)) upAt = Math.min(upAt, now());
      const isAlone = scenario.isFirst && paused.length === 0 && now() - upAt < ALONE_MS;
      if (!isAlone) pool.startOthers(PATTERNS[scenario.pattern].processCounts);
      if (paused.length > 0) return release(pool, paused);
      pool.checkAlive();
      this.#plan.signal?.throwIfAborted();
      const isTimeUp = now() - startedAt > POINT_TIMEOUT_MS;
      if (isTimeUp || provocations > MAX_PROVOCATIONS) return release(pool, []);
      if (now() - provokedAt > PROVOKE_MS && !scenario.isFirst) {
        if (await this.#provoke(session, scenario, turn++)) provocations++;
        for (const member of pool.of(scenario.part)) {
          if (member.journal.pausedAt < 0) member.journal.arm(point, 1);
        }
        provokedAt = now();
      }
      await sleep(POLL_MS);
    }
  }

  /**
   * In turn: kills one at what causes the point, or one of its part; kills one of the other part; stops one.
   * False if none may be.
   */
  async #provoke(session: Session, scenario: Scenario, turn: number): Promise<boolean> {
    const { part } = scenario;
    if (turn % 3 === 0 && await killAtCause(session, scenario.point)) return true;
    const free = session.pool.members.filter((member) =>
      member.isWorking && member.journal.pausedAt < 0 && session.othersAreWorking(member) &&
      (turn % 3 === 2 || (member.task.part === part) === (turn % 3 === 0))
    );
    if (free.length === 0) return false;
    const victim = this.#random.pick(free);
    if (turn % 3 < 2) await session.kill(victim);
    else await session.stop(victim, () => sleep(PROVOKED_STOP_MS));
    return true;
  }

  #add(result: SessionResult): void {
    this.#total.messages += result.messages;
    this.#total.afterKillsMs.push(...result.afterKillsMs);
    this.#total.duringStopsMs.push(...result.duringStopsMs);
    this.#total.lostAfterMs.push(...result.lostAfterMs);
  }
}

/** Kills a process at what causes a point; false if there is no cause, or none reaches it in time. */
async function killAtCause(session: Session, effect: PointName): Promise<boolean> {
  const cause = CAUSES[effect];
  if (cause === undefined) return false;
  const point = numberOf(cause.point);
  const members = session.pool.of(cause.part)
    .filter((member) => member.isWorking && session.othersAreWorking(member));
  for (const { journal } of members) if (journal.pausedAt < 0) journal.arm(point, 1);
  const deadline = now() + PROVOKE_MS;
  let victim: Member | undefined;
  while (victim === undefined && now() < deadline) {
    await sleep(POLL_MS);
    victim = members.find(({ journal }) => journal.isHeldAt(point));
  }
  for (const member of members) if (member !== victim) member.journal.release();
  if (victim !== undefined) await session.kill(victim);
  return victim !== undefined;
}

/** Resumes all held processes but the first, and holds no other. */
function release(pool: ProcessPool, paused: readonly Member[]): Member | undefined {
  const [victim] = paused;
  for (const member of pool.members) if (member !== victim) member.journal.release();
  return victim;
}

/** Requesters may wait for the request that the victim has taken, and for nothing else. */
async function untilOthersProgress(session: Session, victim: Member): Promise<void> {
  const waitsMs = victim.task.part === "replier" ? MAX_REPLY_WAIT_MS : Infinity;
  const end = now() + waitsMs;
  await session.pool.until(() => session.othersAreWorking(victim) || now() > end, "work of others");
}

/** Waits until a sender and a receiver other than the victim have opened sockets. */
async function untilOthersReopen(pool: ProcessPool, victim: Member): Promise<void> {
  const others = pool.members.filter((member) => member !== victim);
  const before = new Map(others.map((member) => [member, member.journal.openStream]));
  const deadline = now() + MAX_STOP_MS;
  while (now() < deadline) {
    const moved = others.filter((member) => member.journal.openStream !== before.get(member));
    if (new Set(moved.map(({ task }) => task.part)).size > 1) return;
    await sleep(POLL_MS);
  }
}

/** Describes a scenario. */
export function nameOf({ part, point, deed }: Scenario): string {
  return `${deed} of a ${part} at ${point}`;
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from(
    { length: Math.ceil(items.length / size) },
    (_, at) => items.slice(at * size, (at + 1) * size),
  );
}
