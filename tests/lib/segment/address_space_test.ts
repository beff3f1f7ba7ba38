// A process without address space: opening fails with the reason, and leaves nothing open.

import assert from "node:assert/strict";
import { inScratch } from "../../support/scratch.ts";

// deno-lint-ignore no-explicit-any
type Outcome = any;

Deno.test("a channel that cannot be mapped names the reason, loses nothing and leaks nothing", () =>
  inScratch(async ({ path: dir, spawn }) => {
    const child = spawn({ program: "without_address_space.ts", flags: ["-A"], args: [dir] });
    const { refused, ...rest } = await child.result() as Outcome;
    const names = ["ShmConnectionError", "ShmConnectionError", "ShmConnectionError"];
    for (const [at, name] of [...names, "MessagingConnectionError"].entries()) {
      assert.match(refused[at], new RegExp(`^${name}: .*has no address space for`));
    }
    assert.deepEqual(rest, { leaked: 0, received: 1, length: 1, left: 0 });
    await child.ended();
  }));
