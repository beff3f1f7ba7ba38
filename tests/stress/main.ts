/**
 * `deno task stress`: see `--help`.
 *
 * @module
 */

import { oneOfEach, scenariosOf } from "./failpoints/reach.ts";
import { FAILPOINT_ROWS, missedPoints, summarizeFailpoints } from "./failpoints/report.ts";
import { failpointRing } from "./failpoints/ring.ts";
import { nameOf, runFailpoints, ScenarioFailure } from "./failpoints/run.ts";
import { type Options, parseOptions, USAGE } from "./options.ts";
import { ROWS, summarize, tableOf } from "./report.ts";
import { type Progress, run, SessionFailure } from "./run.ts";

const stop = new AbortController();

function printProgress({ pattern, session, result }: Progress): void {
  const { kills, stops, messages, capacityBytes, afterKillsMs } = result;
  const slowest = Math.max(0, ...afterKillsMs).toFixed(1);
  console.error(
    `${pattern.padEnd(8)} session ${session}  ring ${capacityBytes} B  ${kills} kills  ` +
      `${stops} stops  ${messages} messages  slowest recovery ${slowest} ms`,
  );
}

async function attack(options: Options, dir: string): Promise<number> {
  const totals = await run({ ...options, dir, signal: stop.signal }, printProgress);
  printSummaries(options, totals.map(summarize), ROWS);
  return 0;
}

async function runFailpointScenarios(options: Options, dir: string): Promise<number> {
  const scenarios = options.isOnce
    ? oneOfEach(options.seed, options.patterns)
    : options.patterns.flatMap(scenariosOf);
  const ring = `${dir}/ring.wasm`;
  Deno.writeFileSync(ring, await failpointRing());
  let done = 0;
  const totals = await runFailpoints(
    { scenarios, seed: options.seed, ring, dir, signal: stop.signal },
    (scenario, isReached) =>
      console.error(
        `${++done}/${scenarios.length}  ${nameOf(scenario)}${isReached ? "" : ": not reached"}`,
      ),
  );
  printSummaries(options, totals.map(summarizeFailpoints), FAILPOINT_ROWS);
  const missed = missedPoints(scenarios, totals);
  if (missed.length > 0) console.error(`no process reached ${missed.join(", ")}`);
  return missed.length > 0 ? 1 : 0;
}

function printSummaries<S extends { pattern: string }>(
  { isJson, seed }: Options,
  summaries: S[],
  rows: readonly [name: string, of: (summary: S) => string][],
): void {
  console.log(isJson ? JSON.stringify({ seed, summaries }, null, 2) : tableOf(rows, summaries));
}

async function main(): Promise<number> {
  const options = parseOptions(Deno.args);
  if (options.isHelp) {
    console.log(USAGE);
    return 0;
  }
  console.error(`seed ${options.seed}`);
  const parent = Deno.build.os === "linux" ? "/dev/shm" : undefined;
  const dir = Deno.makeTempDirSync({ ...parent && { dir: parent }, prefix: "ringbus-stress-" });
  try {
    return options.isFailpoints
      ? await runFailpointScenarios(options, dir)
      : await attack(options, dir);
  } catch (error) {
    if (!(error instanceof SessionFailure || error instanceof ScenarioFailure)) throw error;
    console.error(error.message);
    return 1;
  } finally {
    Deno.removeSync(dir, { recursive: true });
  }
}

const stopBy = (signal: string) => () => stop.abort(new Error(`stopped by ${signal}`));
Deno.addSignalListener("SIGINT", stopBy("SIGINT"));
Deno.addSignalListener("SIGTERM", stopBy("SIGTERM"));

try {
  Deno.exit(await main());
} catch (error) {
  console.error((error as Error).message);
  Deno.exit(2);
}
