// A short run of what `deno task stress:latest` does at length.

import assert from "node:assert/strict";
import { makeScratchDirectory } from "../support/scratch.ts";
import { withSeed } from "../support/seed.ts";
import { runLatest } from "./latest/run.ts";

Deno.test("latest values under kills and stops: all are whole, and no update is lost", () =>
  withSeed(async (seed) => {
    const dir = makeScratchDirectory();
    try {
      const { wrong, reads, additions } = await runLatest({ dir, seed, kills: 3 });
      assert.deepEqual(wrong, []);
      assert.ok(reads > 0 && additions > 0, `${reads} reads, ${additions} additions`);
    } finally {
      Deno.removeSync(dir, { recursive: true });
    }
  }));
