// A wrong option of a stress program: one line, and status 2.

import assert from "node:assert/strict";
import { ROOT } from "../support/program.ts";

/** Programs with a wrong option each: an unknown one, or one with a wrong value. */
const CASES: readonly (readonly [program: string, ...args: string[]])[] = [
  ["corruption", "--case", "x"],
  ["latest", "--kills", "none"],
  ["queue", "--carrier", "pigeon"],
  ["redis", "--types", "pigeons"],
  ["servers", "--scale", "-1"],
  ["soak", "--unknown"],
];

Deno.test("a stress program ends with one line and status 2 at a wrong option", async () => {
  const ends = await Promise.all(CASES.map(async ([program, ...args]) => {
    const command = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "-A", "--no-check", `tests/stress/${program}/main.ts`, ...args],
      cwd: ROOT,
      env: { NO_COLOR: "1" },
    });
    const { code, stderr } = await command.output();
    return { program, code, lines: new TextDecoder().decode(stderr).trim().split("\n") };
  }));
  for (const { program, code, lines } of ends) {
    assert.equal(code, 2, `${program}: ${lines.join("\n")}`);
    assert.equal(lines.length, 1, `${program}: ${lines.join("\n")}`);
  }
});
