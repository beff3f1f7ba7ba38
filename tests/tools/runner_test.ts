// The runner of the tests: the arguments that it passes on, and the leftovers that it finds.

import assert from "node:assert/strict";
import { until } from "../support/deadline.ts";
import { ROOT } from "../support/program.ts";
import { rerunCommand, seedOf } from "../support/seed.ts";
import { Part } from "../../tools/test/part.ts";
import { failuresIn, partsOf, totalLine } from "../../tools/test/parts.ts";
import {
  correction,
  isTestEnd,
  progressLine,
  ProgressReport,
  type ReportedPart,
} from "../../tools/test/progress.ts";
import { runParts } from "../../tools/test/schedule.ts";
import { candidatePorts, useShareOfPorts } from "../../testing/ports.ts";

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

Deno.test("the runner passes arguments on, gives the tests a seed and ports, and ends as they do", async () => {
  const text = `
    const settings = ["SEED", "PORTS"].map((name) => Deno.env.get("RINGBUS_TEST_" + name));
    Deno.test("first", () => console.log("seed and ports", ...settings));
    Deno.test("second", () => {});
  `;
  const { code, output } = await runFile(text, "--filter=first");
  assert.equal(code, 0, output);
  assert.match(output, /^seed and ports 123 0\/1$/m);
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

Deno.test("all tests run in parts, each folder in one, and their types are checked once", () => {
  const { tests: [first, ...others], areChecked } = partsOf(["--fail-fast"]);
  assert.ok(areChecked);
  const folders = others.flatMap((args) => args.slice(2));
  for (const args of others) assert.deepEqual(args.slice(0, 2), ["--fail-fast", "--no-check"]);
  assert.deepEqual(first, [
    "--fail-fast",
    "--no-check",
    `--ignore=docs/api,${folders.join(",")}`,
  ]);
  for (const folder of folders) {
    assert.ok(Deno.statSync(new URL(folder, ROOT)).isDirectory);
    const around = folders.filter((other) => `${folder}/`.startsWith(`${other}/`));
    assert.deepEqual(around, [folder]);
  }
});

Deno.test("a run of named files has one part, and checks its types itself", () => {
  const args = ["a_test.ts", "--filter=b"];
  assert.deepEqual(partsOf(args), { tests: [args], areChecked: false });
  for (const option of ["--check", "--no-check"]) {
    const { tests, areChecked } = partsOf([option]);
    assert.equal(areChecked, false);
    for (const args of tests) assert.deepEqual(args.filter((arg) => /check/.test(arg)), [option]);
  }
});

/** Parts that note what becomes of them, and end when they are told. */
function notedParts(names: string[], notes: string[]) {
  return names.map((name) => {
    const ending = Promise.withResolvers<number>();
    return {
      end: ending.resolve,
      skip: () => void notes.push(`skip ${name}`),
      run() {
        notes.push(`run ${name}`);
        return ending.promise;
      },
    };
  });
}

Deno.test("some parts run at once, and the next begins when one ends", async () => {
  const notes: string[] = [];
  const [types, ...tests] = notedParts(["types", "a", "b", "c", "d"], notes);
  const running = runParts(types, tests, 3);
  assert.deepEqual(notes.splice(0), ["run types", "run a", "run b"]);
  tests[1].end(1);
  await until(() => notes.length > 0, "the next part");
  assert.deepEqual(notes.splice(0), ["run c"]);
  types.end(0);
  await until(() => notes.length > 0, "the part after the check of the types");
  assert.deepEqual(notes, ["run d"]);
  for (const part of tests) part.end(0);
  await running;
});

Deno.test("no more parts begin after the types were wrong", async () => {
  const notes: string[] = [];
  const [types, ...tests] = notedParts(["types", "a", "b"], notes);
  const running = runParts(types, tests, 2);
  assert.deepEqual(notes.splice(0), ["run types", "run a"]);
  types.end(1);
  await until(() => notes.length > 0, "the end of the check");
  assert.deepEqual(notes.slice(0, 2), ["skip a", "skip b"]);
  for (const part of tests) part.end(0);
  await running;
});

Deno.test("a part that is skipped does not start, and has not succeeded", async () => {
  const part = new Part(["--version"], {}, false);
  part.skip();
  const printed = part.print();
  assert.equal(await part.run(), 1);
  assert.equal(await printed, 1);
  assert.equal(part.output, "");
});

Deno.test("the servers of each part have ports of their own", () => {
  const ports = (share: number) => {
    useShareOfPorts(share, 3);
    return new Set(candidatePorts().take(5000));
  };
  const shares = [0, 1, 2].map(ports);
  useShareOfPorts(0, 1);
  for (const share of shares) assert.equal(share.size, 3333);
  assert.equal(shares.reduce((all, share) => all.union(share)).size, 3 * 3333);
  assert.equal(Math.min(...shares[0]), 12_000);
  assert.ok(Math.max(...shares[2]) < 22_000);
});

Deno.test("the last line has the sums of all parts, and says if the run failed", () => {
  const first = "a ... ok\n\nok | 10 passed (2 steps) | 0 failed | 1 ignored (3s)\n\n";
  const second = "\nFAILED | 1 passed | 2 failed (1 step) | 4 filtered out (1m2s)\n";
  assert.equal(
    totalLine([first, first], 5400, true),
    "ok | 20 passed (4 steps) | 0 failed | 2 ignored (5s)",
  );
  assert.equal(
    totalLine([first, second], 125_000, false),
    "FAILED | 11 passed (2 steps) | 2 failed (1 step) | 1 ignored (2m5s)",
  );
  assert.equal(
    totalLine([first, "error: a module is missing"], 100, false),
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
