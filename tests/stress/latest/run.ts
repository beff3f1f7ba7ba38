/**
 * Runs latest values under faults: processes set, update, read and watch them, and are killed and stopped at
 * random times. In the end what all of them did adds up.
 *
 * @module
 */

import { Latest } from "../../../mod.ts";
import { inspect } from "../../../lib/observe/inspect.ts";
import { sleep } from "../../support/deadline.ts";
import { BytesInMemory } from "../../support/observed.ts";
import { Program } from "../../support/program.ts";
import { Random } from "../../support/random.ts";
import { type Count, countKey, PLACES, Reader, SUM, type Value } from "./values.ts";

/** Most bytes of a segment: what is garbage is used again. */
const MAX_BYTES = 64 * 1024 * 1024;
const MAX_STOP_MS = 60;

/** How a run is made. */
export interface Plan {
  readonly dir: string;
  /** Decides all but the timing of the machine. */
  readonly seed: number;
  readonly kills: number;
  /** Ends the processes. */
  readonly signal?: AbortSignal;
}

/** What a run has done and seen. */
export interface Outcome {
  readonly kills: number;
  readonly stops: number;
  /** Reads beside the faults. */
  readonly reads: number;
  readonly additions: number;
  readonly inDoubt: number;
  readonly bytes: number;
  readonly wrong: string[];
}

/** The processes of a run. */
class Crew implements AsyncDisposable {
  readonly wrong: string[] = [];
  readonly #dir: string;
  readonly #random: Random;
  readonly #running: Program[] = [];

  constructor(dir: string, random: Random) {
    this.#dir = dir;
    this.#random = random;
  }

  async start(place: number): Promise<void> {
    const seed = `${this.#random.word()}`;
    const program = new Program([
      "-A",
      "tests/stress/latest/participant.ts",
      this.#dir,
      `${place}`,
      seed,
    ]);
    this.#running[place] = program;
    await program.prints("ready\n");
  }

  signal(place: number, signal: Deno.Signal): void {
    this.#running[place].kill(signal);
  }

  /** Kills a process, and looks at what it has printed. */
  async kill(place: number): Promise<void> {
    const program = this.#running[place];
    program.kill("SIGKILL");
    const { signal } = await program.ended();
    if (signal !== "SIGKILL") this.wrong.push(`place ${place} ended: ${program.output}`);
    this.wrong.push(
      ...program.output.split("\n").filter((line) => line !== "" && line !== "ready"),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#running.map((program) => program[Symbol.asyncDispose]()));
  }
}

/** Runs the processes, and checks what they have left. */
export async function runLatest({ dir, seed, kills, signal }: Plan): Promise<Outcome> {
  const random = new Random(seed);
  const places = [...Array(PLACES).keys()];
  using latest = new Latest<Value>("values", { dir });
  const reader = new Reader(latest);
  await using crew = new Crew(dir, random);
  signal?.addEventListener("abort", () => crew[Symbol.asyncDispose](), { once: true });
  await Promise.all(places.map((place) => crew.start(place)));
  let stops = 0;
  for (let killed = 0; killed < kills; killed++) {
    const [victim, stopped] = [random.below(PLACES), random.below(PLACES)];
    crew.signal(stopped, "SIGSTOP");
    stops++;
    // Nothing that a stopped process has in its hands delays this one.
    for (let i = 0; i < 20; i++) {
      for (const [key, value] of latest.entries()) reader.check(key, value);
    }
    latest.update(SUM, (sum) => sum ?? 0);
    await sleep(random.below(MAX_STOP_MS));
    await crew.kill(victim);
    if (stopped !== victim) crew.signal(stopped, "SIGCONT");
    await crew.start(victim);
    await sleep(random.below(MAX_STOP_MS));
  }
  for (const place of places) await crew.kill(place);
  const wrong = [...crew.wrong, ...reader.wrong, ...checkEnd(latest, dir)];
  const counts = places.map((place) => latest.get(countKey(place)) as Count);
  return {
    kills: kills + PLACES,
    stops,
    reads: reader.reads,
    additions: latest.get(SUM) as number,
    inDoubt: counts.reduce((sum, { begun, done, inDoubt }) => sum + inDoubt + begun - done, 0),
    bytes: Deno.statSync(`${dir}/values`).size,
    wrong,
  };
}

/** What is wrong with the values that are left. */
function checkEnd(latest: Latest<Value>, dir: string): string[] {
  const reader = new Reader(latest);
  for (const [key, value] of latest.entries()) reader.check(key, value);
  const counts = [...Array(PLACES).keys()].map((place) => latest.get(countKey(place)) as Count);
  const done = counts.reduce((sum, count) => sum + count.done, 0);
  const most = counts.reduce((sum, { begun, inDoubt }) => sum + begun + inDoubt, 0);
  const sum = latest.get(SUM) as number;
  if (sum < done || sum > most) reader.wrong.push(`the sum is ${sum}, not from ${done} to ${most}`);
  const bytes = Deno.readFileSync(`${dir}/values`);
  if (bytes.length > MAX_BYTES) reader.wrong.push(`the segment has ${bytes.length} bytes`);
  const { issues } = inspect(new BytesInMemory(bytes), { records: 0 });
  return [...reader.wrong, ...issues.map(({ part, problem }) => `${part}: ${problem}`)];
}
