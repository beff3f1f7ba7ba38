// Programs that close nothing: they end, and what runs in them does not end them early.

import assert from "node:assert/strict";
import { freePort } from "../../support/free_port.ts";
import { Program } from "../../support/program.ts";

const KINDS = [
  "http",
  "http in a process",
  "http by a configuration",
  "tcp",
  "tcp in a process",
  "state",
];

for (const kind of KINDS) {
  Deno.test(`a program ends that leaves a backend open: ${kind}`, async () => {
    await using program = new Program([
      "-A",
      "tests/support/programs/left_open.ts",
      kind,
      `${freePort()}`,
    ]);
    assert.deepEqual(await program.lines(), ["1 message"]);
  });
}

for (const kind of ["http", "tcp"]) {
  Deno.test(`a subscription keeps a program alive: ${kind}`, async () => {
    await using program = new Program([
      "-A",
      "tests/support/programs/left_subscribed.ts",
      kind,
      `${freePort()}`,
    ]);
    // The program publishes to itself after a while, from a timer that does not keep it alive.
    assert.deepEqual(await program.lines(), ["subscribed", "later"]);
  });
}
