// What the command line prints advises what its users have: commands and options.

import assert from "node:assert/strict";
import { allCommands } from "../../cli/commands.ts";
import { withCommands } from "../../cli/remedies.ts";
import { pageAt } from "../support/pages.ts";
import { Program } from "../support/program.ts";
import { inScratch } from "../support/scratch.ts";

Deno.test("errors name commands in place of calls", () =>
  inScratch(async ({ path: RINGBUS_DIR }) => {
    for (const args of [["req", "channel", "1"], ["pull", "channel"]]) {
      const flags = ["--timeout-ms", "20"];
      await using program = new Program(["-A", "main.ts", ...args, ...flags], { RINGBUS_DIR });
      await program.ended();
      assert.match(program.output, /\(ringbus ls\)/);
      assert.doesNotMatch(program.output, /[a-z]\(\)/);
    }
  }));

Deno.test("without --allow-ffi a command asks for the permission alone", () =>
  inScratch(async ({ path: RINGBUS_DIR }) => {
    await using program = new Program(["--no-prompt", "main.ts", "ls"], { RINGBUS_DIR });
    await program.ended();
    assert.match(program.output, /are not permitted; run with --allow-ffi$/m);
  }));

Deno.test("calls with options become commands with flags", () => {
  const call =
    "delete it with removeStale({ includePersistent: true, includeNonEmpty: true }), or not";
  assert.equal(
    withCommands(call),
    "delete it with ringbus clean --persistent --non-empty, or not",
  );
  assert.equal(withCommands("removeStale()"), "ringbus clean");
  assert.equal(
    withCommands("raise capacityBytes, or name it with the dir option or RINGBUS_DIR"),
    "raise --capacity, or name it with RINGBUS_DIR",
  );
});

Deno.test("every option that a help shows is accepted, and pages name no other", async () => {
  const known = new Set<string>(["help", "json", "version"]);
  for (const { load } of Object.values(allCommands())) {
    const { options } = (await load()).command;
    for (const [name, { isOn }] of Object.entries(options)) {
      assert.ok(!name.startsWith("no-"), `parseArgs takes --${name} for a negation: set isOn`);
      known.add(isOn ? `no-${name}` : name);
    }
  }
  const [, section] = pageAt("docs/troubleshooting.md").text.split("\n## The command line\n");
  const [commands] = section.split("\n## ");
  for (const [, name] of commands.matchAll(/--([a-z][a-z-]+)/g)) {
    if (name.startsWith("allow-")) continue; // of deno run
    assert.ok(known.has(name), `no command has the option --${name}`);
  }
});
