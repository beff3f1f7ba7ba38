/**
 * Running a soak: two processes for each pattern, each with a sample every second.
 *
 * @module
 */

import { linesOf } from "../../../lib/base/lines.ts";
import { until } from "../../support/deadline.ts";
import { type PatternSummary, summarizeSide } from "./summary.ts";
import type { Sample, SoakPattern, SoakTask } from "./task.ts";

const CHILD = new URL("child.ts", import.meta.url).href;
const SIDES = ["sender", "receiver"] as const;
/** A small young generation: a large one would grow by tens of megabytes at any time. */
const V8_FLAGS = "--v8-flags=--expose-gc,--max-semi-space-size=2";

/** The plan of a soak. */
export interface SoakPlan {
  pattern: SoakPattern;
  seconds: number;
  /** Directory for the segments. */
  dir: string;
  /** Ends it early. */
  signal?: AbortSignal;
}

/** The latest samples of the two processes. */
export type Latest = Record<typeof SIDES[number], Sample>;

class Soaked implements AsyncDisposable {
  readonly samples: Sample[] = [];
  readonly #process: Deno.ChildProcess;
  readonly #read: Promise<void>;
  readonly #errors: Promise<string>;

  constructor(task: SoakTask) {
    this.#process = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "-A", V8_FLAGS, CHILD, JSON.stringify(task)],
      env: { NO_COLOR: "1" },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#read = this.#follow();
    this.#errors = new Response(this.#process.stderr).text();
  }

  async #follow(): Promise<void> {
    const lines = linesOf(this.#process.stdout, { completeOnly: true });
    for await (const line of lines) this.samples.push(JSON.parse(line));
  }

  /** Ends its input, at which it exits. */
  async finish(): Promise<void> {
    await this.#process.stdin.close();
    await this.#read;
    const { success, code, signal } = await this.#process.status;
    if (!success) throw new Error(`a process ended with ${signal ?? code}: ${await this.#errors}`);
    await this.#errors;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#process.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.#process.status;
    await this.#read;
    await this.#errors;
  }
}

/** Soaks a pattern. `onSecond` is called every second. */
export async function soak(
  { pattern, seconds, dir, signal }: SoakPlan,
  onSecond: (second: number, latest: Latest) => void = () => {},
): Promise<PatternSummary> {
  await using sender = new Soaked({ pattern, side: "sender", dir });
  await using receiver = new Soaked({ pattern, side: "receiver", dir });
  // On a busy machine a process takes seconds to start: the time begins when both work.
  await until(
    () => signal?.aborted || sender.samples.length > 0 && receiver.samples.length > 0,
    "a first sample of both processes",
  );
  const start = performance.now();
  for (let second = 1; second <= seconds && !signal?.aborted; second++) {
    const left = start + second * 1000 - performance.now();
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, left)));
    onSecond(second, { sender: sender.samples.at(-1)!, receiver: receiver.samples.at(-1)! });
  }
  const tookSeconds = (performance.now() - start) / 1000;
  await sender.finish();
  await receiver.finish();
  const received = summarizeSide(receiver.samples);
  return {
    pattern,
    messagesPerSecond: Math.round(received.messages / tookSeconds),
    sender: summarizeSide(sender.samples),
    receiver: received,
  };
}
