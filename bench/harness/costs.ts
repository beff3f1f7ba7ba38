/** What Ringbus costs a process: CPU while it only waits, and memory. */
import { join } from "node:path";
import { Child } from "./child.ts";
import { median } from "../../cli/benchmark/stats.ts";
import { cpuNs, privateBytes, residentBytes, sleep } from "./processes.ts";
import type { Launch } from "./types.ts";

/** A share of the messages in one round; memory is read after each. */
const ROUNDS = 3;

/** Where a measurement takes place, and how long a process needs to become idle. */
export interface Site {
  readonly scratch: string;
  readonly settleMs: number;
}

/** A fresh folder for the channels of one measurement. */
async function withFolder<T>(scratch: string, name: string, use: (dir: string) => Promise<T>) {
  const folder = join(scratch, name);
  await Deno.mkdir(folder);
  try {
    return await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The share of one core that a process takes while it awaits `recv` on so many channels. */
export function idleShare(
  { scratch, settleMs }: Site,
  launch: Launch,
  channels: number,
  seconds: number,
): Promise<number> {
  return withFolder(scratch, "idle", async (folder) => {
    await using child = new Child(launch, [folder, String(channels)]);
    await child.event("ready");
    await sleep(settleMs);
    const before = cpuNs(child.pid);
    const start = performance.now();
    await sleep(seconds * 1000);
    const elapsedNs = (performance.now() - start) * 1e6;
    return (cpuNs(child.pid) - before) / elapsedNs;
  });
}

export interface Memory {
  /** Resident bytes of the larger side, less those of a bare Deno process. */
  readonly overBare: number;
  /**
   * Resident bytes that the channel added to the larger side after it had loaded Ringbus. They
   * include the segment, but no pages of the runtime's own program.
   */
  readonly added: number;
  /** What the larger side grew by from the first round of messages to the last. */
  readonly growth: number;
}

async function bareBytes(bare: Launch, settleMs: number): Promise<number> {
  await using child = new Child(bare, []);
  await child.event("ready");
  await sleep(settleMs);
  return residentBytes(child.pid);
}

/** Sends `messages` a round through a channel with default options, as `bytes` or `objects`. */
export function memoryOf(
  { scratch, settleMs }: Site,
  launch: Launch,
  bare: Launch,
  messages: number,
  mode: "bytes" | "objects",
): Promise<Memory> {
  return withFolder(scratch, `memory-${mode}`, async (folder) => {
    const args = [folder, mode, String(messages), String(ROUNDS)];
    await using receiver = new Child(launch, ["receive", ...args]);
    await using sender = new Child(launch, ["send", ...args]);
    const sides = [receiver, sender];
    const pids = sides.map(({ pid }) => pid);
    await Promise.all(sides.map((side) => side.event("loaded")));
    await sleep(settleMs);
    const loaded = pids.map(privateBytes);
    for (const side of sides) {
      await side.resume();
      await side.event("ready");
    }
    const sizes: number[][] = [];
    for (let round = 1; round <= ROUNDS; round++) {
      await sender.resume();
      await Promise.all([receiver.event(`round ${round}`), sender.event(`round ${round}`)]);
      await sleep(settleMs);
      sizes.push(pids.map(residentBytes));
    }
    const privateSizes = pids.map(privateBytes);
    const first = sizes[0];
    const last = sizes[sizes.length - 1];
    return {
      overBare: Math.max(...first) - await bareBytes(bare, settleMs),
      added: Math.max(...privateSizes.map((bytes, side) => bytes - loaded[side])),
      growth: Math.max(...last.map((bytes, side) => bytes - first[side])),
    };
  });
}

/** Milliseconds from the start of a program to its end: an empty one, and one that sends a message. */
export interface Starts {
  readonly emptyMs: number;
  readonly messageMs: number;
}

async function lifetimeMs({ command, args }: Launch, folder: string): Promise<number> {
  const start = performance.now();
  const { success, stderr } = await new Deno.Command(command, { args: [...args, folder] }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr).trim().slice(-500));
  return performance.now() - start;
}

/** The medians of so many starts of both programs, by turns. */
export function startsOf(
  scratch: string,
  own: Launch,
  empty: Launch,
  count: number,
): Promise<Starts> {
  return withFolder(scratch, "starts", async (folder) => {
    const times: [empty: number[], message: number[]] = [[], []];
    // The first start of each fills the caches of the runtime.
    for (let turn = -1; turn < count; turn++) {
      for (const [index, launch] of [empty, own].entries()) {
        const ms = await lifetimeMs(launch, folder);
        if (turn >= 0) times[index].push(ms);
      }
    }
    const [emptyMs, messageMs] = times.map(median);
    return { emptyMs, messageMs };
  });
}
