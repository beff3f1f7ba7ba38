import assert from "node:assert/strict";
import { Program } from "../support/program.ts";
import { makeScratchDirectory } from "../support/scratch.ts";

/** Runs the demo with a directory of its own, which must be empty in the end. */
async function withDemo(test: (demo: Program) => Promise<void>): Promise<void> {
  const dir = makeScratchDirectory();
  try {
    await using demo = new Program(["-A", "examples/demo/main.ts", "--quick", `--dir=${dir}`]);
    await test(demo);
    assert.deepEqual([...Deno.readDirSync(dir)], [], "the demo left files behind");
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

const ROWS = [
  "publish/subscribe",
  "publisher",
  "subscriber 1",
  "subscriber 2",
  "subscriber 3, pauses",
  "request/reply",
  "requester 1",
  "requester 2",
  "replier 1",
  "replier 2",
  "push/pull",
  "pusher",
  "puller 1",
  "puller 2",
  "puller 3",
  "puller 4",
];

Deno.test("the demo ends with success, and a table in which every count is right", () =>
  withDemo(async (demo) => {
    const lines = await demo.lines();
    const header = lines.findIndex((line) => /sent +received +missed +msg\/s +p50 us/.test(line));
    const table = lines.slice(header + 1, header + 1 + ROWS.length);
    assert.deepEqual(table.map((line) => line.trim().split(/ {2,}/)[0]), ROWS);
    for (const name of ROWS.filter((row) => row.startsWith("subscriber"))) {
      const [sent, received, missed] = counts(table, name);
      assert.equal(sent, 0);
      assert.equal(received + missed, 30_000);
    }
    const pulled = [1, 2, 3, 4].map((i) => counts(table, `puller ${i}`)[1]);
    assert.equal(pulled.reduce((sum, n) => sum + n, 0), 10_000);
    assert.equal(lines.filter((line) => line.startsWith("right  ")).length, 4);
    assert.match(lines.at(-1)!, /^done in \d+\.\d s$/);
    assert.ok(!demo.output.includes("\x1b"), "there are escapes in the output of a pipe");
  }));

function counts(table: string[], name: string): number[] {
  const cells = table.find((line) => line.trim().startsWith(name))!.trim().split(/ {2,}/);
  return cells.slice(1, 4).map((cell) => Number(cell.replaceAll(",", "")));
}

Deno.test("the demo shows the progress of each pattern", () =>
  withDemo(async (demo) => {
    const lines = await demo.lines();
    for (const title of ["publish/subscribe", "request/reply", "push/pull"]) {
      const shown = lines.filter((line) => line.startsWith(title) && line.endsWith("%"));
      const expected = ["0%", "25%", "50%", "75%", "100%"];
      assert.deepEqual(shown.map((line) => line.slice(title.length).trim()), expected);
    }
  }));

for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  Deno.test(`the demo leaves nothing behind when it is stopped by ${signal}`, () =>
    withDemo(async (demo) => {
      await demo.prints("publish/subscribe  25%");
      demo.kill(signal);
      assert.equal((await demo.ended()).code, code);
      assert.match(demo.output, new RegExp(`stopped by ${signal}`));
    }));
}
