/**
 * Processes exchange messages in all three patterns: `deno task demo`. Exits with 0 only if every count is
 * right, and never leaves a process, file or segment behind.
 *
 * `--quick` sends fewer messages. `--dir=PATH` sets where the directory for the segments is made.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { listChannels } from "@ringbus/ringbus";
import { type Member, ProcessPool } from "./processes.ts";
import type { Result } from "./protocol.ts";
import { type Check, FULL, type Part, QUICK, type Scene, scenes } from "./scenes.ts";
import { printLine, Progress, showChecks, showTable } from "./screen.ts";

const DEADLINE_MS = 28_000;
const REFRESH_MS = 50;
/** Exit codes of the signals that stop the demo. */
const SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
type StopSignal = keyof typeof SIGNALS;

const { values: options } = parseArgs({
  options: { quick: { type: "boolean" }, dir: { type: "string" } },
});

/** Makes a directory, in memory if the system has such a place. */
function makeDirectory(): string {
  const prefix = "ringbus-demo-";
  if (options.dir !== undefined) return Deno.makeTempDirSync({ dir: options.dir, prefix });
  if (Deno.build.os === "linux") {
    try {
      return Deno.makeTempDirSync({ dir: "/dev/shm", prefix });
    } catch {
      // Missing, or not writable: any other place will do.
    }
  }
  return Deno.makeTempDirSync({ prefix });
}

function removeDirectory(path: string): void {
  try {
    Deno.removeSync(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Resolves with the first signal that stops the demo. */
function stopSignal(): Promise<StopSignal> {
  const { promise, resolve } = Promise.withResolvers<StopSignal>();
  for (const signal of Object.keys(SIGNALS) as StopSignal[]) {
    Deno.addSignalListener(signal, () => resolve(signal));
  }
  return promise;
}

async function play(scene: Scene, pool: ProcessPool, dir: string): Promise<Result[]> {
  const channel = scene.title.replace("/", "-");
  const start = (part: Part) => pool.start({ ...part, channel, dir });
  const progress = new Progress(scene.title);
  const servers = scene.servers.map(start);
  const workers = scene.workers.map(start);
  const all = [...servers, ...workers];
  await Promise.all(all.map((member) => member.ready));
  const timer = setInterval(() => progress.show(share(workers, scene.total)), REFRESH_MS);
  try {
    await Promise.all(all.map((member) => member.order("go")));
    const worked = await Promise.all(workers.map((member) => member.done));
    await Promise.all(servers.map((member) => member.order("stop")));
    const served = await Promise.all(servers.map((member) => member.done));
    await Promise.all(all.map((member) => member.ended));
    progress.show(1);
    return [...worked, ...served];
  } finally {
    clearInterval(timer);
    progress.end();
  }
}

/** The progress of a scene. The last step counts when all processes have reported. */
function share(workers: Member[], total: number): number {
  const done = workers.reduce((sum, { progress }) => sum + progress, 0);
  return Math.min(0.99, done / total);
}

function isClean(dir: string): Check {
  const left = listChannels({ dir }).map(({ name }) => name);
  for (const entry of Deno.readDirSync(dir)) left.push(entry.name);
  const text = "the processes have left no segment" +
    (left.length > 0 ? `, but these are there: ${left.join(", ")}` : "");
  return { text, isRight: left.length === 0 };
}

async function run(pool: ProcessPool, dir: string): Promise<boolean> {
  const results = new Map<string, Result[]>();
  const checks: Check[] = [];
  for (const scene of scenes(options.quick ? QUICK : FULL)) {
    const done = await play(scene, pool, dir);
    results.set(scene.title, done);
    checks.push(...scene.check(done));
  }
  checks.push(isClean(dir));
  showTable(results);
  showChecks(checks);
  return checks.every(({ isRight }) => isRight);
}

/** Rejects when the demo takes too long. */
function deadline(): Promise<never> {
  return new Promise((_, reject) => {
    const text = `not done after ${DEADLINE_MS / 1000} s`;
    Deno.unrefTimer(setTimeout(() => reject(new Error(text)), DEADLINE_MS));
  });
}

async function main(): Promise<number> {
  const started = performance.now();
  const dir = makeDirectory();
  const pool = new ProcessPool();
  const stopped = stopSignal();
  try {
    printLine("11 processes exchange small objects through shared memory.\n");
    const outcome = await Promise.race([run(pool, dir), deadline(), stopped]);
    if (typeof outcome === "string") {
      await pool.end();
      printLine(`\nstopped by ${outcome}`);
      return SIGNALS[outcome];
    }
    printLine(
      `\n${outcome ? "done" : "FAILED"} in ${((performance.now() - started) / 1000).toFixed(1)} s`,
    );
    return outcome ? 0 : 1;
  } catch (error) {
    console.error(`\nthe demo failed: ${(error as Error).message}`);
    return 1;
  } finally {
    await pool.end();
    removeDirectory(dir);
  }
}

Deno.exit(await main());
