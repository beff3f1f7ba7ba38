// Modules in new processes, started from a program that runs with Deno and from a compiled one.

import assert from "node:assert/strict";
import { programCommand } from "../../../backends/hosting/program_command.ts";

const MODULE = `data:text/javascript,${encodeURIComponent("console.log(Deno.args.join())")}`;
const REMEDY = { remedy: "use a worker" };

Deno.test("program command: runs a module with its arguments", async () => {
  const command = programCommand({
    module: MODULE,
    permissions: [],
    args: ["one", "two"],
    whenCompiled: REMEDY,
  });
  const { stdout } = await command.output();
  assert.equal(new TextDecoder().decode(stdout), "one,two\n");
});

Deno.test("program command: a compiled program runs itself for its own main module", async () => {
  const command = programCommand({
    module: "file:///not/used.ts",
    permissions: ["--not-used"],
    args: ["eval", "console.log('itself')"],
    whenCompiled: "run itself",
  }, true);
  const { stdout } = await command.output();
  assert.equal(new TextDecoder().decode(stdout), "itself\n");
});

Deno.test("program command: a compiled program starts no other module, and its error gives the remedy", () => {
  assert.throws(
    () =>
      programCommand({
        module: "file:///app/backends/http/server/program.ts",
        permissions: [],
        whenCompiled: REMEDY,
      }, true),
    (error: Error) => {
      assert.ok(error instanceof Deno.errors.NotSupported);
      assert.match(error.message, /^cannot start program\.ts in a process of its own: /);
      assert.match(error.message, /deno compile.*; use a worker$/);
      return true;
    },
  );
});
