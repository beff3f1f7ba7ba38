/**
 * Child processes that are held at failpoints.
 *
 * @module
 */

import { numberOf, type PointName } from "../stress/failpoints/points.ts";
import { failpointRing } from "../stress/failpoints/ring.ts";
import { Journal } from "../stress/journal.ts";
import type { Child } from "./child.ts";
import { until } from "./deadline.ts";
import { inScratch, makeScratchDirectory, type Scratch } from "./scratch.ts";

/** A child process that pauses when it reaches a failpoint. */
export interface PausableChild {
  child: Child;
  /** The child pauses when it passes a point for the `nth` time from now. */
  arm(point: PointName, nth?: number): void;
  /** Waits until it is paused. */
  untilPaused(): Promise<void>;
  /** Lets it go on. */
  release(): void;
}

/** Runs a test in a directory of its own; `hold` starts a child that can be held. */
export async function withPausableChildren(
  test: (scratch: Scratch, spawn: () => PausableChild) => Promise<void>,
): Promise<void> {
  const files = makeScratchDirectory();
  const ring = `${files}/ring.wasm`;
  Deno.writeFileSync(ring, await failpointRing());
  const journals: Journal[] = [];
  try {
    await inScratch((scratch) =>
      test(scratch, () => {
        const path = `${files}/${journals.length}`;
        const journal = Journal.create(path);
        journals.push(journal);
        return pausableChild(journal, scratch.spawn({ program: "held.ts", args: [ring, path] }));
      })
    );
  } finally {
    for (const journal of journals) journal[Symbol.dispose]();
    Deno.removeSync(files, { recursive: true });
  }
}

function pausableChild(journal: Journal, child: Child): PausableChild {
  return {
    child,
    arm: (point, nth = 1) => journal.arm(numberOf(point), nth),
    untilPaused: () => until(() => journal.pausedAt >= 0, "standing still at a failpoint"),
    release: () => journal.release(),
  };
}
