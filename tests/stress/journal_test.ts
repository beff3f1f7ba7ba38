import assert from "node:assert/strict";
import { makeScratchDirectory } from "../support/scratch.ts";
import { pauseAt } from "./failpoints/watch.ts";
import { Journal } from "./journal.ts";

const POINT = 7;

/** Runs a test with one journal as the parent maps it, and as the process does. */
function withJournal(test: (parent: Journal, process: Journal) => void): void {
  const dir = makeScratchDirectory();
  try {
    using parent = Journal.create(`${dir}/journal`);
    using process = Journal.open(`${dir}/journal`);
    test(parent, process);
  } finally {
    Deno.removeSync(dir, { recursive: true });
  }
}

Deno.test("a process stops at the failpoint that is armed, until it is released", () =>
  withJournal((parent, process) => {
    parent.arm(POINT, 2);
    assert.deepEqual([POINT, POINT + 1, POINT].map((point) => process.pass(point)), [
      false,
      false,
      true,
    ]);
    process.pausedAt = POINT;
    assert.ok(parent.isHeldAt(POINT));
    parent.release();
    assert.ok(!process.isHeldAt(POINT));
    assert.ok(!process.pass(POINT));
  }));

Deno.test("a process that is released just before it stops at a failpoint goes on", () =>
  withJournal((parent, process) => {
    parent.arm(POINT, 1);
    assert.ok(process.pass(POINT));
    parent.release();
    pauseAt(POINT, process);
    assert.equal(parent.pausedAt, -1);
    assert.ok(!parent.isHeldAt(POINT));
  }));
