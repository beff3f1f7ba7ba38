/**
 * A whole run: sessions of each pattern until there were enough kills, or the time is over.
 *
 * @module
 */

import { now } from "./clock.ts";
import { addFigures, type Figures, noFigures } from "./figures.ts";
import { type PatternName, PATTERNS } from "./patterns.ts";
import { Random } from "../support/random.ts";
import { runSession, type SessionResult } from "./session.ts";

/** Rounds of a session. */
export const ROUNDS = 3;
const KILLS_PER_ROUND = 20;

/** What to run. */
export interface RunPlan {
  seed: number;
  patterns: readonly PatternName[];
  /** Least number of kills of each pattern. */
  kills: number;
  /** Minutes for all patterns together, whatever the kills. Undefined: until all kills are done. */
  minutes: number | undefined;
  /** Only this session of each pattern, to repeat one that failed. */
  session: number | undefined;
  /** Directory for all files. */
  dir: string;
  signal?: AbortSignal;
}

/** The progress of a run. */
export interface Progress {
  pattern: PatternName;
  session: number;
  result: SessionResult;
}

/** The figures of a pattern. */
export interface Total extends Figures {
  pattern: PatternName;
  sessions: number;
  seconds: number;
  /** Bytes of the largest segment. */
  segmentBytes: number;
}

/** A session with a broken guarantee. */
export class SessionFailure extends Error {
  override name = "SessionFailure";
}

/** Runs all sessions. `onProgress` is called after each round. */
export async function run(
  plan: RunPlan,
  onProgress: (progress: Progress) => void = () => {},
): Promise<Total[]> {
  const totals: Total[] = [];
  for (const pattern of plan.patterns) totals.push(await runPattern(pattern, plan, onProgress));
  return totals;
}

async function runPattern(
  pattern: PatternName,
  plan: RunPlan,
  onProgress: (progress: Progress) => void,
): Promise<Total> {
  const began = now();
  const total = nothing(pattern);
  const share = (plan.minutes ?? Infinity) * 60_000 / plan.patterns.length;
  const isOver = () =>
    plan.minutes === undefined ? total.kills >= plan.kills : now() - began >= share;
  for (let session = plan.session ?? 1; total.sessions === 0 || !isOver(); session++) {
    const left = plan.minutes === undefined ? plan.kills - total.kills : Infinity;
    add(total, await runOne(pattern, session, left, plan, onProgress));
    total.seconds = (now() - began) / 1000;
    if (plan.session !== undefined) break;
  }
  return total;
}

async function runOne(
  pattern: PatternName,
  session: number,
  killsLeft: number,
  plan: RunPlan,
  onProgress: (progress: Progress) => void,
): Promise<SessionResult> {
  const dir = `${plan.dir}/${pattern}-${session}`;
  Deno.mkdirSync(dir, { mode: 0o700 });
  const patternNumber = Object.keys(PATTERNS).indexOf(pattern);
  const killsPerRound = Math.max(1, Math.min(KILLS_PER_ROUND, Math.ceil(killsLeft / ROUNDS)));
  const seed = new Random(plan.seed, patternNumber, session).word();
  try {
    return await runSession(
      { pattern, seed, rounds: ROUNDS, killsPerRound, dir, signal: plan.signal },
      (result) => onProgress({ pattern, session, result }),
    );
  } catch (cause) {
    throw new SessionFailure(
      `session ${session} of ${pattern} failed: ${(cause as Error).message}\nrepeat it with ` +
        `--seed ${plan.seed} --pattern ${pattern} --session ${session}`,
      { cause },
    );
  } finally {
    Deno.removeSync(dir, { recursive: true });
  }
}

function nothing(pattern: PatternName): Total {
  return { ...noFigures(), pattern, sessions: 0, seconds: 0, segmentBytes: 0 };
}

function add(total: Total, result: SessionResult): void {
  total.sessions++;
  addFigures(total, result);
  total.segmentBytes = Math.max(total.segmentBytes, result.segmentBytes);
}
