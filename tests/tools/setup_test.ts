import assert from "node:assert/strict";
import { ROOT } from "../support/program.ts";

/** Runs the set-up with the programs of one folder alone. */
async function setUp(PATH: string): Promise<{ code: number; stderr: string }> {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-A", "tools/setup.ts"],
    cwd: ROOT,
    env: { NO_COLOR: "1", PATH },
  }).output();
  return { code, stderr: new TextDecoder().decode(stderr) };
}

Deno.test("the set-up says nothing where all programs are there", async () => {
  assert.deepEqual(await setUp(Deno.env.get("PATH")!), { code: 0, stderr: "" });
});

Deno.test("the set-up says what is missing, what for, and what to type where it cannot install", async () => {
  const { code, stderr } = await setUp("/nowhere");
  assert.equal(code, 1);
  assert.match(stderr, /^The tests need redis-server 7 or later \(.+\)\. Type as root: apt-get /);
});
