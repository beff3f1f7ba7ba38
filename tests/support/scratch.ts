/**
 * A segment directory of its own for each test, with the children that work in it.
 *
 * @module
 */

import assert from "node:assert/strict";
import { platform } from "../../lib/platform/mod.ts";
import { removeStale } from "../../lib/observe/registry.ts";
import { Child, type ChildOptions } from "./child.ts";
import { Random } from "./random.ts";
import { withSeed } from "./seed.ts";

/** Where scratch directories are made: in shared memory, and in a folder of the run's own if it has one. */
export const SCRATCH_ROOT = Deno.env.get("RINGBUS_TEST_SCRATCH") ??
  (Deno.build.os === "linux" ? "/dev/shm" : "/tmp");

/** Makes a directory for a test. The caller removes it. */
export function makeScratchDirectory(): string {
  return Deno.makeTempDirSync({ dir: SCRATCH_ROOT, prefix: "ringbus-test-" });
}

// The C library stays loaded once it is: not in a test, which would seem to leak it.
platform();

/** A test's directory. */
export interface Scratch {
  readonly path: string;
  /** Starts a child; it is ended and reaped with the test. */
  spawn(options?: ChildOptions): Child;
  /** Files that are there now, agents and unnamed ones included. */
  names(): string[];
}

/**
 * Runs a test in a directory of its own, ends its children in any case, and checks that nothing
 * is left in the directory but `expected`.
 */
export async function inScratch(
  test: (scratch: Scratch) => Promise<void>,
  expected: string[] = [],
): Promise<void> {
  const path = makeScratchDirectory();
  const children: Child[] = [];
  const scratch: Scratch = {
    path,
    spawn(options) {
      const child = new Child(options);
      children.push(child);
      return child;
    },
    names: () => [...Deno.readDirSync(path)].map((entry) => entry.name).sort(),
  };
  try {
    await test(scratch);
    // Those who still run end as a program does whose input ends.
    await Promise.all(children.map((child) => child.finish()));
    assert.deepEqual(scratch.names(), expected, "files left in the segment directory");
  } finally {
    await Promise.all(children.map((child) => child[Symbol.asyncDispose]()));
    Deno.removeSync(path, { recursive: true });
  }
}

/** Runs a test as `inScratch` does, with random numbers that follow from the run's seed. */
export function inSampledScratch(
  test: (scratch: Scratch, random: Random) => Promise<void>,
): Promise<void> {
  return inScratch((scratch) => withSeed((seed) => test(scratch, new Random(seed))));
}

/** Removes unfinished files of killed processes, which `removeStale` only deletes after some time. */
export function cleanUpAfterKills(dir: string): void {
  removeStale({ dir });
  for (const { name } of Deno.readDirSync(dir)) {
    if (name.startsWith(".new-")) Deno.removeSync(`${dir}/${name}`);
  }
}
