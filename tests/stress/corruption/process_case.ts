/**
 * Cases between processes: three children use one channel while this process writes into its file.
 *
 * @module
 */

import { Random } from "../../support/random.ts";
import { PATTERN_NAMES, type PatternName, placesOf } from "./actors.ts";
import type { FuzzPlan } from "./fuzz.ts";
import { MessageVerifier } from "./message_verifier.ts";
import { LineProcess } from "./line_process.ts";
import { CHANNEL, lengthOf, type Outcome, type Part } from "./process_task.ts";
import { type CaseResult, emptyStats } from "./report.ts";
import { Corruptor } from "./corruptor.ts";

const CHILD = new URL("process_child.ts", import.meta.url).href;
const ROLES: Record<PatternName, Part["role"][][]> = {
  queue: [["pusher", "puller", "puller"], ["pusher", "pusher", "puller"]],
  broadcast: [["publisher", "subscriber", "subscriber"], ["publisher", "publisher", "subscriber"]],
  topics: [["announcer", "chooser", "newest"], ["announcer", "publisher", "chooser"]],
  request: [["requester", "replier", "replier"], ["requester", "requester", "replier"]],
  ack: [["pusher", "acknowledger", "acknowledger"], ["pusher", "acknowledger", "puller"]],
};
const PLAY_MS = 40;
const MAX_CORRUPTIONS = 30;

/** The children, which run one case after the other. */
export class ProcessCases implements AsyncDisposable {
  readonly #plan: FuzzPlan;
  #children: LineProcess[] = [];

  /** Children start with the first case. */
  constructor(plan: FuzzPlan) {
    this.#plan = plan;
  }

  /** Runs a case. */
  async run(index: number): Promise<CaseResult> {
    while (this.#children.length < 3) {
      this.#children.push(new LineProcess(["--allow-ffi", CHILD]));
    }
    const { seed, dir: parent } = this.#plan;
    const dir = Deno.makeTempDirSync({ dir: parent });
    try {
      const result = await this.#play(new Random(seed, index), dir);
      if (result.failure !== undefined) await this.#endChildren();
      return result;
    } finally {
      Deno.removeSync(dir, { recursive: true });
    }
  }

  async #play(random: Random, dir: string): Promise<CaseResult> {
    const capacityBytes = random.pick([1024, 4096, 65_536]);
    const pattern = random.pick(PATTERN_NAMES);
    const roles = random.pick(ROLES[pattern]);
    const keys = roles.map(() => random.below(2 ** 32));
    const parts = roles.map((role, at): Part => ({
      role,
      dir,
      capacityBytes,
      seed: random.below(2 ** 32),
      key: keys[at],
      theirKeys: keys.filter((key) => key !== keys[at]),
      forMs: PLAY_MS,
    }));
    for (const [at, part] of parts.entries()) {
      await this.#children[at].writeLine(part);
      const line = await this.#children[at].next<"open">();
      if (line !== "open") return { stats: emptyStats(), failure: `${part.role}: ${line}` };
    }
    const verifiers = parts.map(({ key }) => new MessageVerifier(key, placesOf(pattern)));
    using striker = new Corruptor(`${dir}/${CHANNEL}`, capacityBytes, random, verifiers);
    for (const child of this.#children) await child.writeLine("go");
    const strikes = await corruptFor(striker, random);
    const log = striker.corruptions.map(({ what, offset, bytes }) =>
      `strike: ${what}, at ${offset}: ${bytes.toHex()}`
    );
    return { ...await this.#collect(parts, verifiers, strikes), log };
  }

  async #collect(
    parts: Part[],
    verifiers: MessageVerifier[],
    strikes: number,
  ): Promise<CaseResult> {
    const stats = { ...emptyStats(), strikes };
    const outcomes: Outcome[] = [];
    for (const [at, { role, key, capacityBytes }] of parts.entries()) {
      const outcome = await this.#children[at].next<Outcome>();
      if (typeof outcome === "string") return { stats, failure: `${role}: ${outcome}` };
      outcomes.push(outcome);
      stats.calls += outcome.calls;
      stats.messages += outcome.messages;
      for (const [name, count] of Object.entries(outcome.errors)) {
        stats.errors[name] = (stats.errors[name] ?? 0) + count;
      }
      for (let id = 0; id < outcome.made; id++) {
        verifiers[at].expect(lengthOf(key, id, capacityBytes));
      }
    }
    return { stats, failure: problemIn(parts, outcomes, verifiers) };
  }

  async #endChildren(): Promise<void> {
    const children = this.#children;
    this.#children = [];
    await Promise.all(children.map((child) => child[Symbol.asyncDispose]()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#endChildren();
  }
}

async function corruptFor(striker: Corruptor, random: Random): Promise<number> {
  const end = performance.now() + PLAY_MS;
  let strikes = 0;
  while (performance.now() < end && strikes < MAX_CORRUPTIONS) {
    await new Promise((resolve) => setTimeout(resolve, random.between(0, 3)));
    striker.corrupt();
    strikes++;
  }
  return strikes;
}

function problemIn(
  parts: Part[],
  outcomes: Outcome[],
  verifiers: MessageVerifier[],
): string | undefined {
  for (const [at, { failure, odd }] of outcomes.entries()) {
    if (failure !== undefined) return `${parts[at].role}: ${failure}`;
    for (const message of odd) {
      const bytes = Uint8Array.fromBase64(message);
      const problems = verifiers.map((verifier) => verifier.problemWith(bytes));
      if (problems.every((problem) => problem !== undefined)) {
        return `${parts[at].role}: ${problems[0]}`;
      }
    }
  }
  return undefined;
}
