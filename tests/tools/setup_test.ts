import assert from "node:assert/strict";
import { ROOT } from "../support/program.ts";

/** Runs the set-up with only the programs of one folder. */
async function setUp(PATH: string): Promise<{ code: number; stderr: string }> {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-A", "tools/setup.ts"],
    cwd: ROOT,
    env: { NO_COLOR: "1", PATH },
  }).output();
  return { code, stderr: new TextDecoder().decode(stderr) };
}

Deno.test("the set-up prints nothing if all programs are installed", async () => {
  assert.deepEqual(await setUp(Deno.env.get("PATH")!), { code: 0, stderr: "" });
});

Deno.test("the set-up names missing programs, their use, and the command, if it cannot install", async () => {
  const { code, stderr } = await setUp("/nowhere");
  assert.equal(code, 1);
  assert.match(stderr, /^The tests need redis-server 7 or later \(.+\)\. Type as root: apt-get /);
});
