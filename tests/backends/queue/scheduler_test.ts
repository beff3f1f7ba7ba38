// What a scheduler does to the process that it runs in.

import assert from "node:assert/strict";
import { Program } from "../../support/program.ts";

const PROGRAM = "tests/support/programs/queue_left_open.ts";

Deno.test("scheduler: it keeps no process alive that has set no schedule", async () => {
  await using program = new Program([PROGRAM]);
  assert.deepEqual(await program.lines(), ["end"]);
});

Deno.test("scheduler: a process that has set a schedule lives until the queue closes", async () => {
  await using program = new Program([PROGRAM, "schedule"]);
  assert.deepEqual(await program.lines(), ["end", "fired"]);
});
