// The runner of the tests: the arguments that it passes on, and the leftovers that it finds.

import assert from "node:assert/strict";
import { until } from "../support/deadline.ts";
import { ROOT } from "../support/program.ts";
import { rerunCommand, seedOf } from "../support/seed.ts";
import { failuresIn, partsOf, totalLine } from "../../tools/test/parts.ts";
import {
  correction,
  isTestEnd,
  progressLine,
  ProgressReport,
  type ReportedPart,
} from "../../tools/test/progress.ts";

interface Run {
  code: number;
  output: string;
}

/** Runs the runner on a test file with this text. */
async function runFile(text: string, ...args: string[]): Promise<Run> {
  const folder = Deno.makeTempDirSync({ prefix: "ringbus-test-runner-" });
  try {
    const file = `${folder}/a_test.ts`;
    Deno.writeTextFileSync(file, text);
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "tools/test/main.ts", file, "--no-check", ...args],
      cwd: ROOT,
      env: { NO_COLOR: "1", RINGBUS_TEST_SEED: "123" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).output();
    const output = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("");
    return { code, output };
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** Runs a test that leaves something behind which no sanitizer finds. */
async function runLeaking(statements: string, isFailing = false): Promise<Run> {
  const run = await runFile(`
    import { platform } from "${new URL("lib/platform/mod.ts", ROOT)}";
    const os = platform();
    const scratch = Deno.env.get("RINGBUS_TEST_SCRATCH");
    const segments = Deno.env.get("RINGBUS_DIR");
    Deno.test({ name: "leaks", sanitizeResources: false, sanitizeOps: false, fn: async () => {
      ${statements}
      await Promise.resolve();
      if (${isFailing}) throw new Error("fails");
    } });
  `);
  assert.notEqual(run.code, 0, run.output);
  return run;
}

Deno.test("the runner passes arguments on, passes the seed to the tests, and ends as they do", async () => {
  const text = `
    Deno.test("first", () => console.log("seed", Deno.env.get("RINGBUS_TEST_SEED")));
    Deno.test("second", () => {});
  `;
  const { code, output } = await runFile(text, "--filter=first");
  assert.equal(code, 0, output);
  assert.match(output, /^seed 123$/m);
  assert.match(output, /^ok \| 1 passed \| 0 failed \| 1 filtered out/m);
  assert.ok(output.includes(rerunCommand(123)), output);
  assert.doesNotMatch(output, /left behind/);
});

Deno.test("a failed run prints how to draw its samples again", async () => {
  const { code, output } = await runFile(`Deno.test("a", () => { throw new Error("fails"); });`);
  assert.equal(code, 1);
  assert.match(output, /^FAILED \| 0 passed \| 1 failed/m);
  assert.match(output, /To draw the same samples: RINGBUS_TEST_SEED=123 deno task test/);
});

/** Undefined if the process has ended. */
function commandOf(pid: string): string | undefined {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/cmdline`) || undefined;
  } catch {
    return undefined;
  }
}

/** The runner names what a test leaves behind, fails, and removes it. */
async function leaveBehind(): Promise<void> {
  const { output } = await runLeaking(`
    new Deno.Command("sh", { args: ["-c", "exec sleep 987 >/dev/null 2>&1 &"] }).outputSync();
    Deno.makeTempDirSync();
    Deno.mkdirSync(scratch + "/left");
    Deno.writeTextFileSync(segments + "/left", "");
  `);
  assert.match(output, /^ok \| 1 passed \| 0 failed/m);
  const [, list] = output.split("The tests left behind:\n");
  const [process, ...paths] = list.trimEnd().split("\n").map((line) => line.trim());
  assert.match(process, /^process \d+: sleep 987$/);
  assert.match(paths[0], /\/ringbus-test-\d+-0\/[0-9a-f]+$/);
  assert.match(paths[1], /^\/dev\/shm\/ringbus-test-\d+-0\/left$/);
  assert.match(paths[2], /^\/dev\/shm\/ringbus-test-\d+-0\/segments\/left$/);
  assert.equal(paths.length, 3, list);
  for (const path of paths) assert.throws(() => Deno.statSync(path), Deno.errors.NotFound);
  const pid = process.match(/\d+/)![0];
  await until(() => commandOf(pid) === undefined, `the end of ${process}`);
}

/** A test file fails that still holds a socket, a descriptor or a mapping. */
async function stillHold(): Promise<void> {
  const { output } = await runLeaking(`
    Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const fifo = segments + "/fifo";
    os.makeFifo(fifo);
    os.unlink(fifo);
    const segment = segments + "/segment";
    const fd = os.create(segment);
    os.reserve(fd, 0, 65536);
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    os.map(new Uint8Array(memory.buffer as unknown as ArrayBuffer), fd, 0);
    Object.assign(globalThis, { memory });
    os.close(fd);
    os.unlink(segment);
  `);
  assert.match(output, /a_test\.ts \(uncaught error\)/);
  const [, list] = output.split("the tests of this file still hold:\n");
  assert.match(list, /^ {2}mapping of \S+\/segments\/segment \(deleted\)$/m);
  assert.match(list, /^ {2}\S+\/segments\/fifo \(deleted\)$/m);
  assert.match(list, /^ {2}socket tcp from 0100007F:[0-9A-F]{4} /m);
  assert.match(output, /^FAILED \| 1 passed \| 1 failed/m);
}

Deno.test("the runner fails for what a test leaves behind or still holds, and names it", async () => {
  // Both runs wait for what may still end by itself.
  await Promise.all([leaveBehind(), stillHold()]);
});

Deno.test("the runner looks for leftovers also when a test failed", async () => {
  const { output } = await runLeaking(`Deno.mkdirSync(scratch + "/left");`, true);
  assert.match(output, /^FAILED \| 0 passed \| 1 failed/m);
  assert.match(output, /^ {2}\/dev\/shm\/ringbus-test-\d+-0\/left$/m);
});

Deno.test("all tests run in two parts, named files in one", () => {
  const [first, second] = partsOf(["--fail-fast"]);
  const folders = second.slice(1);
  assert.ok(folders.length > 0);
  assert.deepEqual(first, ["--fail-fast", `--ignore=docs/api,${folders.join(",")}`]);
  assert.equal(second[0], "--fail-fast");
  for (const folder of folders) assert.ok(Deno.statSync(folder).isDirectory);
  assert.deepEqual(partsOf(["a_test.ts", "--filter=b"]), [["a_test.ts", "--filter=b"]]);
});

Deno.test("the last line has the sums of both parts, and says that one did not end", () => {
  const first = "a ... ok\n\nok | 10 passed (2 steps) | 0 failed | 1 ignored (3s)\n\n";
  const second = "\nFAILED | 1 passed | 2 failed (1 step) | 4 filtered out (1m2s)\n";
  assert.equal(
    totalLine([first, first], 5400),
    "ok | 20 passed (4 steps) | 0 failed | 2 ignored (5s)",
  );
  assert.equal(
    totalLine([first, second], 125_000),
    "FAILED | 11 passed (2 steps) | 2 failed (1 step) | 1 ignored (2m5s)",
  );
  assert.equal(
    totalLine([first, "error: a type"], 100),
    "FAILED | 10 passed (2 steps) | 0 failed | 1 ignored (0s)",
  );
});

Deno.test("a test that has ended is counted once, with its steps and its output", () => {
  const printed = `running 3 tests from ./a_test.ts
first ... ok (5ms)
second ...
  step one ... ok (1ms)
second ... FAILED (due to 1 failed step) (3ms)
third ...
------- output -------
a line ... of the test
----- output end -----
third ... ok (2ms)
fourth ... ignored (0ms)
ok | 4 passed | 0 failed (3s)`;
  assert.equal(printed.split("\n").filter(isTestEnd).length, 4);
});

Deno.test("the estimate begins with what is expected, and follows the speed of the machine", () => {
  const expected = { tests: 1000, seconds: 600 };
  assert.equal(
    progressLine(0, 10_000, expected),
    "[0 of about 1,000 tests in 10s; about 9m50s left]",
  );
  // Twice as slow as expected.
  assert.equal(
    progressLine(500, 600_000, expected),
    "[500 of about 1,000 tests in 10m0s; about 5m0s left]",
  );
  assert.equal(
    progressLine(1100, 700_000, expected),
    "[1,100 of about 1,000 tests in 11m40s; about 0s left]",
  );
});

Deno.test("the runner says when there are many more tests than it expects", () => {
  assert.equal(correction(1050, { tests: 1000 }), undefined);
  assert.match(correction(1200, { tests: 1000 })!, /expects 1000 tests, and 1200 ended/);
  assert.match(correction(800, { tests: 1000 })!, /expects 1000 tests, and 800 ended/);
});

Deno.test("a run of all tests says what follows, how far it is, and nothing in the middle of a line", async () => {
  const lines: string[] = [];
  const waiting: (() => void)[] = [];
  const parts: ReportedPart[] = [
    { ended: 20, atLineStart: (call) => call() },
    { ended: 3, atLineStart: (call) => void waiting.push(call) },
  ];
  const report = new ProgressReport(parts, (line) => lines.push(line), 1);
  await until(() => waiting.length > 1, "two reports that are due");
  assert.equal(lines.length, 1);
  assert.match(lines[0], /^About [\d,]+ tests follow, .* They take about \d+m\d+s on a machine/);
  waiting[0]();
  assert.match(lines[1], /^\[23 of about [\d,]+ tests in \d+s; about \d+m\d+s left\]$/);
  report.stop(false);
  const { length } = lines;
  new ProgressReport(parts, (line) => lines.push(line)).stop(true);
  assert.match(lines.at(-1)!, /and 23 ended: correct it$/);
  assert.equal(lines.length, length + 2);
});

Deno.test("failures of a part are what it printed after its tests", () => {
  const failures =
    " ERRORS \n\na => a_test.ts:1:1\n\n FAILURES \n\nFAILED | 1 passed | 1 failed (1s)\n";
  assert.equal(failuresIn(`a ... FAILED\n\n${failures}`), failures);
  assert.equal(failuresIn("a ... ok\nok | 1 passed | 0 failed (1s)\n"), undefined);
});

Deno.test("a seed is a whole number, and follows from the commit when none is set", () => {
  assert.equal(seedOf("4294967295"), 4294967295);
  assert.equal(seedOf(""), seedOf(undefined));
  for (const text of ["-1", "1.5", "4294967296", "one"]) {
    assert.throws(() => seedOf(text), { name: "RangeError", message: new RegExp(`"${text}"`) });
  }
});
