/**
 * Counts the instructions that a message takes. Unlike its time they are the same on a busy machine.
 * `perf` counts in hardware, which not every virtual machine has. Valgrind simulates the processor, so
 * slowly that a JavaScript engine does not come to optimize: there it counts C alone.
 */
import { join } from "node:path";
import { contestantsOf } from "./contestants.ts";
import { PeerRun } from "./peer_run.ts";
import { cRing } from "./peers.ts";
import type { Instructions } from "./results.ts";
import { type Contestant, isSkipped, type Launch, type Skipped, type Workload } from "./types.ts";

/** A program that counts the instructions of another one. */
export interface Counter {
  readonly name: string;
  /** The command before the program's own, which writes its count into a file. */
  readonly prefix: (file: string) => readonly string[];
  readonly pattern: RegExp;
  readonly countsC: "alone" | "as anything";
}

const COUNTERS: readonly Counter[] = [
  {
    name: "perf",
    prefix: (file) => ["perf", "stat", "-x", ",", "-e", "instructions:u", "-o", file],
    pattern: /^(\d+),[^,]*,instructions/m,
    countsC: "as anything",
  },
  {
    name: "valgrind",
    prefix: (file) => [
      "valgrind",
      "--tool=cachegrind",
      "--cache-sim=no",
      "--branch-sim=no",
      "--cachegrind-out-file=/dev/null",
      `--log-file=${file}`,
    ],
    pattern: /I\s+refs:\s+([\d,]+)/,
    countsC: "alone",
  },
];

/** The first counter that works here; undefined if none does. */
async function findCounter(scratch: string): Promise<Counter | undefined> {
  for (const counter of COUNTERS) {
    const file = join(scratch, "instructions");
    const [command, ...args] = [...counter.prefix(file), "true"];
    try {
      await new Deno.Command(command, { args, stdout: "null", stderr: "null" }).output();
      readCount(counter, file);
      return counter;
    } catch {
      // It is not installed, or the machine does not count.
    }
  }
  return undefined;
}

function readCount(counter: Counter, file: string): number {
  const text = Deno.readTextFileSync(file);
  const found = counter.pattern.exec(text)?.[1];
  if (found === undefined) throw new Error(`${counter.name} counted nothing: ${text.slice(-200)}`);
  return Number(found.replaceAll(",", ""));
}

/** The instructions of a whole run. */
async function countRun(
  counter: Counter,
  scratch: string,
  launch: Launch,
  contestant: Contestant,
  workload: Workload,
): Promise<number> {
  const file = join(scratch, "instructions");
  const [command, ...options] = counter.prefix(file);
  const counted = { ...launch, command, args: [...options, launch.command, ...launch.args] };
  await using run = new PeerRun(scratch, counted, contestant, workload);
  await run.play("turns");
  return readCount(counter, file);
}

/** The instructions of a message in turns, of each contestant that can be counted here. */
export async function countInstructions(
  scratch: string,
  workload: Workload,
  launchOf: (contestant: Contestant) => Promise<Launch | Skipped>,
): Promise<Instructions | Skipped> {
  const counter = await findCounter(scratch);
  if (counter === undefined) return { skipped: "neither perf nor valgrind counts here" };
  const perMessage: Record<string, number> = {};
  for (const contestant of contestantsOf(workload)) {
    const launch = await launchOf(contestant);
    const isCounted = counter.countsC === "as anything" || contestant.peer === cRing;
    if (!isCounted || isSkipped(launch)) continue;
    // What the start and the warm-up take is in both.
    const [few, many] = [1, 3].map((times) => ({ ...workload, count: times * workload.count }));
    const difference = await countRun(counter, scratch, launch, contestant, many) -
      await countRun(counter, scratch, launch, contestant, few);
    perMessage[contestant.label] = difference / (2 * workload.count * contestant.pace);
  }
  return { counter: counter.name, perMessage };
}
