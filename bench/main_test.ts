import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Running } from "../tests/support/program.ts";
import { inScratch, SCRATCH_ROOT } from "../tests/support/scratch.ts";
import { assertChartsDrawn, PAGE } from "./support/charts.ts";

const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));

const SHORT = ["--quick", "--runs", "1", "--scale", "0.05"];

interface Printed {
  rows: { workload: string; contestant: string; value?: { median: number }; failed?: string }[];
  targets: { target: string; verdict: string; reason?: string }[];
}

async function bench(...args: string[]): Promise<Deno.CommandOutput> {
  return await new Deno.Command(Deno.execPath(), { args: ["run", "-A", MAIN, ...args] }).output();
}

function leftovers(): string[] {
  return readdirSync(SCRATCH_ROOT).filter((name) => name.startsWith("ringbus-bench-"));
}

Deno.test({
  name:
    "a quick benchmark measures every peer that is there, draws all of it, and leaves nothing behind",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    inScratch(async ({ path }) => {
      const before = leftovers();
      const page = join(path, PAGE);
      const { success, stdout, stderr } = await bench(
        "--quick",
        "--runs",
        "1",
        "--scale",
        "0.1",
        "--json",
        "--html",
        page,
      );
      assert.ok(success, new TextDecoder().decode(stderr));
      const { rows, targets }: Printed = JSON.parse(new TextDecoder().decode(stdout));
      const failed = rows.filter((row) => row.failed !== undefined);
      assert.deepEqual(failed, []);
      const unix = rows.find((row) => row.contestant === "Deno Unix socket");
      assert.ok(unix?.value && unix.value.median > 0);
      for (const { reason } of targets) assert.doesNotMatch(reason ?? "", /failed/);
      assert.deepEqual(leftovers(), before);
      assertChartsDrawn(page);
    }, [PAGE]),
});

Deno.test({
  name: "--only keeps what is named and its reference",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const { stdout } = await bench(...SHORT, "--json", "--only", "libzmq");
    const { rows }: Printed = JSON.parse(new TextDecoder().decode(stdout));
    const contestants = new Set(rows.map((row) => row.contestant));
    assert.deepEqual(contestants, new Set(["C ring", "libzmq in C, ipc"]));
  },
});

Deno.test({
  name: "an invalid option is rejected with its reason",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const { code, stderr } = await bench("--runs", "none");
    assert.equal(code, 2);
    assert.match(new TextDecoder().decode(stderr), /cannot do "none" runs/);
    const { stderr: scale } = await bench("--scale", "2");
    assert.match(new TextDecoder().decode(scale), /cannot take a share "2" of the messages/);
  },
});

Deno.test({
  name: "--check ends with status 1 when a target is missed, and each step is a line",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const { code, stdout, stderr } = await bench(
      "--quick",
      "--runs",
      "1",
      "--check",
      "--only",
      "recvSync",
    );
    const text = new TextDecoder().decode(stdout);
    assert.match(text, /\| +(met|missed)$/m);
    assert.equal(code, /\| +missed$/m.test(text) ? 1 : 0, text);
    assert.match(new TextDecoder().decode(stderr), /^\[1\/\d+\] turns\/64B, run 1 of 1: /m);
  },
});

Deno.test({
  name: "a table is printed when it is done, and an interrupted benchmark keeps what it has",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const program = new Running("bench", Deno.execPath(), [
      "run",
      "-A",
      MAIN,
      ...SHORT,
      "--only",
      "recvIntoSync",
    ]);
    await using _ = program;
    await program.prints("against C ring");
    assert.doesNotMatch(program.output, /^targets/m);
    program.kill("SIGINT");
    await program.lines();
    assert.match(program.output, /interrupted/);
    assert.match(program.output, /^Ringbus send, recvIntoSync +\d/m);
    assert.match(program.output, /one thread in turns.*\| +(met|missed)$/m);
    assert.doesNotMatch(program.output, /^busy\/64B/m);
    assert.match(program.output, /^targets/m);
  },
});
