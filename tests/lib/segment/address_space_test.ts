// A process without address space: opening fails with the reason, and leaves nothing open.

import assert from "node:assert/strict";
import { inScratch } from "../../support/scratch.ts";

// deno-lint-ignore no-explicit-any
type Outcome = any;

/** Starts again when the runtime itself ended: it does if it gets no memory for its heap. */
const ATTEMPTS = 10;
const RUNTIME_ENDED = /Fatal JavaScript out of memory/;

async function outcome(): Promise<Outcome> {
  for (let attempt = 1;; attempt++) {
    try {
      return await inScratchOutcome();
    } catch (error) {
      if (attempt === ATTEMPTS || !RUNTIME_ENDED.test((error as Error).message)) throw error;
    }
  }
}

async function inScratchOutcome(): Promise<Outcome> {
  let found: Outcome;
  await inScratch(async ({ path: dir, spawn }) => {
    const child = spawn({ program: "without_address_space.ts", flags: ["-A"], args: [dir] });
    found = await child.result();
    await child.ended();
  });
  return found;
}

Deno.test("a channel that cannot be mapped names the reason, loses nothing and leaks nothing", async () => {
  const { refused, ...rest } = await outcome();
  const names = ["ShmConnectionError", "ShmConnectionError", "ShmConnectionError"];
  names.push("MessagingConnectionError", "ShmConnectionError");
  for (const [at, name] of names.entries()) {
    assert.match(refused[at], new RegExp(`^${name}: .*has no address space for`));
  }
  assert.deepEqual(rest, { leaked: 0, received: 1, length: 1, left: 0 });
});
