import assert from "node:assert/strict";
import { join } from "node:path";
import { EXIT } from "../../cli/command.ts";
import type { Chart } from "../../cli/benchmark/charts/report.ts";
import { inShell } from "../support/command_line.ts";
import { until } from "../support/deadline.ts";
import { Running } from "../support/program.ts";

const PAGE = "bench.html";
const OURS = ["Ringbus, processes", "Ringbus, workers"];
const RUNTIME = ["Unix socket", "TCP, loopback", "Worker postMessage"];
const WITHOUT_SOCKETS = ["--allow-run", "--allow-read", "--allow-write"];
const TITLES = [
  "Round trip, 64 B",
  "One way to a sleeping receiver, 64 B",
  "Throughput, 64 B",
  "Throughput, 4 KiB",
  "Throughput, 1 MiB",
  "Throughput, small objects",
];

/** The output of `ringbus bench --json`. */
interface Printed {
  readonly charts: readonly Chart[];
  readonly comparisons: readonly { ours: string; peer: string; timesFaster: { median: number } }[];
  readonly skipped: readonly { name: string; reason: string }[];
}

Deno.test("ringbus bench measures Ringbus and the runtime's own means, and draws all of it", () =>
  inShell(async ({ run, scratch }) => {
    const page = join(scratch.path, PAGE);
    const words = ["bench", "--seconds", "0.5", "--json", "--html", page];
    const { code, stdout, stderr } = await run(words, { deadlineMs: 120_000 });
    assert.equal(code, EXIT.DONE, stderr);
    assert.match(stderr, /^pictures: .*bench\.html\n$/);
    const { charts, comparisons, skipped }: Printed = JSON.parse(stdout);
    assert.deepEqual(charts.map(({ title }) => title), TITLES);
    for (const { title, unit, series, absent } of charts) {
      assert.deepEqual(absent, [], title);
      const names = series.map(({ name }) => name.replace(", JSON", ""));
      for (const name of [...OURS, ...RUNTIME]) {
        assert.ok(names.includes(name), `${title}: ${name}`);
      }
      for (const { name, value, latenciesNs } of series) {
        assert.ok(value.median > 0 && Number.isFinite(value.median), name);
        if (unit === "ns") assert.ok(latenciesNs!.length > 0 && latenciesNs![0] > 0, name);
      }
    }
    for (const peer of RUNTIME) {
      const found = comparisons.filter((each) => each.ours === OURS[0] && each.peer === peer);
      assert.ok(found.length > 0 && found.every(({ timesFaster }) => timesFaster.median > 0), peer);
    }
    assert.deepEqual(skipped.map(({ reason }) => /`deno task (.*)`/.exec(reason)?.[1]), [
      "bench",
      "bench:queue",
      "bench:servers",
    ]);
    const pictures = Deno.readTextFileSync(page).split("<svg").slice(1);
    assert.equal(pictures.length, TITLES.length);
    for (const picture of pictures) assert.ok(picture.includes(`>${OURS[0]}</text>`));
  }, [PAGE]));

Deno.test("ringbus bench names what it skips and why, and shows progress on a terminal", () =>
  inShell(async () => {
    const program = [
      Deno.execPath(),
      "run",
      "--quiet",
      "--no-prompt",
      ...WITHOUT_SOCKETS,
      "main.ts",
    ];
    const words = [...program, "bench", "--seconds", "0.1"].join(" ");
    await using terminal = new Running("script", "script", ["-qec", words, "/dev/null"]);
    await terminal.lines();
    const said = terminal.output.replaceAll("\r\n", "\n");
    // deno-lint-ignore no-control-regex
    const bar = /\r\x1b\[K\[#{6,}-+\] +\d+% round 1 of 1: Throughput, 64 B, Ringbus, workers/;
    assert.match(said, bar);
    assert.ok(!said.includes("\x1b[36m"), "NO_COLOR is set");
    assert.match(
      said,
      /^Throughput, 64 B {2}more is better\n.*\nRingbus, workers .*\nWorker postMessage /m,
    );
    for (
      const line of [
        "Ringbus, processes: it needs --allow-ffi",
        "Unix socket: it needs --allow-net",
        "TCP, loopback: it needs --allow-net",
        "Ringbus, workers: one way, both sides read one clock, which needs --allow-ffi",
      ]
    ) assert.ok(said.includes(`\n${line}\n`), line);
  }));

Deno.test("ringbus bench names the permissions that it needs, and rejects an invalid time", () =>
  inShell(async ({ run }) => {
    const none = await run(["bench"], { permissions: ["--allow-run"] });
    assert.equal(none.code, EXIT.FAILED);
    assert.match(none.stderr, /cannot measure .*: add --allow-read --allow-write/);
    const wrong = await run(["bench", "--seconds", "none"]);
    assert.equal(wrong.code, EXIT.USAGE);
    assert.match(wrong.stderr, /--seconds takes a number from 0\.1 to 3600, not "none"/);
  }));

Deno.test("ringbus bench leaves no channel and no process behind when it is interrupted", () =>
  inShell(async ({ start, scratch }) => {
    await using bench = start(["bench", "--seconds", "60"]);
    await until(() => scratch.names().some((name) => name.startsWith("bench-")), "a channel");
    bench.kill("SIGTERM");
    await assert.rejects(bench.lines(), /it was interrupted/);
  }));
