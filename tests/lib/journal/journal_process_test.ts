// Journals between processes, some of which are killed.

import assert from "node:assert/strict";
import { Journal } from "../../../lib/journal/journal.ts";
import { sleep, until } from "../../support/deadline.ts";
import { bytesOf, LEDGER, Ledger } from "../../support/ledger.ts";
import { Program } from "../../support/program.ts";
import { cleanUpAfterKills, inSampledScratch, inScratch } from "../../support/scratch.ts";

const FILL = 200;
const FILLER = "x".repeat(FILL);

/** An append that a writer has reported: the number of its text, and its sequence. */
type Append = [n: number, sequence: number];

function writer(order: Record<string, unknown>): Program {
  const args = ["--allow-ffi", "--allow-read", "tests/support/programs/journal_writer.ts"];
  return new Program([...args, JSON.stringify({ name: "j", ...order })]);
}

/** The lines that a killed writer printed whole. */
function appendsIn(output: string): Append[] {
  assert.doesNotMatch(output, /^error/m);
  return output.split("\n").slice(0, -1).map((line) => JSON.parse(line));
}

Deno.test("writers in many processes share one order, through many generations", () =>
  inScratch(async ({ path: dir }) => {
    const [WRITERS, COUNT] = [4, 500];
    const state = new Ledger();
    using journal = new Journal("j", LEDGER, state, { dir });
    journal.watch();
    const order = { dir, count: COUNT, slackBytes: 1000 };
    await using programs = new AsyncDisposableStack();
    const writers = Array.from(
      { length: WRITERS },
      (_, n) => programs.use(writer({ ...order, writer: `w${n}` })),
    );
    const appended = await Promise.all(
      writers.map(async (each) => (await each.lines()).map((line): Append => JSON.parse(line))),
    );
    journal.catchUp();
    const texts = new Map(state.entries.map(({ sequence, text }) => [sequence, text]));
    assert.equal(state.entries.length, WRITERS * COUNT);
    assert.deepEqual([...texts.keys()], Array.from(texts.keys(), (_, n) => n + 1));
    for (const [w, lines] of appended.entries()) {
      assert.equal(lines.length, COUNT);
      for (const [n, sequence] of lines) assert.equal(texts.get(sequence), `w${w} ${n} `);
    }
    const late = new Ledger();
    using _other = new Journal("j", LEDGER, late, { dir });
    assert.deepEqual(late.entries, state.entries);
  }));

Deno.test("a writer may be killed at any instant: every record that it has appended is intact", () =>
  inSampledScratch(async ({ path: dir }, random) => {
    const [ROUNDS, KEPT] = [5, 3000];
    const options = { dir, slackBytes: 20_000 };
    const state = new Ledger(KEPT);
    using journal = new Journal("j", LEDGER, state, options);
    journal.watch();
    const order = { ...options, kept: KEPT, fill: FILL };
    for (let round = 0; round < ROUNDS; round++) {
      await using programs = new AsyncDisposableStack();
      const writers = ["a", "b"].map((name) =>
        programs.use(writer({ ...order, writer: `${name}${round}` }))
      );
      await Promise.all(writers.map((each) => each.prints("\n")));
      await sleep(random.below(150));
      for (const each of writers) {
        each.kill("SIGKILL");
        await each.ended();
      }
      const mine = journal.append(bytesOf(`me ${round} ${FILLER}`));
      const texts = new Map(state.entries.map(({ sequence, text }) => [sequence, text]));
      assert.equal(texts.get(mine), `me ${round} ${FILLER}`);
      const first = state.entries[0].sequence;
      assert.deepEqual([...texts.keys()], Array.from(texts.keys(), (_, n) => first + n));
      for (const [w, each] of writers.entries()) {
        const appended = appendsIn(each.output);
        for (const [n, sequence] of appended.filter(([, sequence]) => sequence >= first)) {
          assert.equal(texts.get(sequence), `${"ab"[w]}${round} ${n} ${FILLER}`);
        }
      }
      for (const text of texts.values()) assert.match(text, /^(?:me|[ab]\d) \d+ x{200}$|^me/);
      const late = new Ledger(KEPT);
      using _other = new Journal("j", LEDGER, late, options);
      assert.deepEqual(late.entries, state.entries);
      cleanUpAfterKills(dir);
    }
  }));

Deno.test("a stopped writer delays no other member", () =>
  inSampledScratch(async ({ path: dir }, random) => {
    const options = { dir, slackBytes: 20_000 };
    const state = new Ledger(100);
    using journal = new Journal("j", LEDGER, state, options);
    const order = { ...options, kept: 100, fill: FILL, writer: "s" };
    for (let round = 0; round < 3; round++) {
      await using stopped = writer(order);
      await stopped.prints("\n");
      await sleep(random.below(50));
      stopped.kill("SIGSTOP");
      for (let n = 0; n < 2000; n++) journal.append(bytesOf(`${round} ${n} ${FILLER}`));
      const mine = state.texts.filter((text) => text.startsWith(`${round} `));
      assert.equal(mine.length, 100);
      assert.ok(journal.usedBytes < 1_000_000);
      const before = appendsIn(stopped.output).length;
      stopped.kill("SIGCONT");
      await until(() => appendsIn(stopped.output).length > before + 10, "going on");
      stopped.kill("SIGKILL");
      await stopped.ended();
      cleanUpAfterKills(dir);
    }
  }));

Deno.test("a journal whose members were all killed keeps its records", () =>
  inScratch(async ({ path: dir, names }) => {
    const appended: Append[] = [];
    {
      await using program = writer({ dir, writer: "w", fill: FILL });
      await program.prints("\n");
      program.kill("SIGKILL");
      await program.ended();
      appended.push(...appendsIn(program.output));
    }
    const state = new Ledger();
    using _journal = new Journal("j", LEDGER, state, { dir });
    const texts = new Map(state.entries.map(({ sequence, text }) => [sequence, text]));
    assert.ok(appended.length > 0);
    for (const [n, sequence] of appended) assert.equal(texts.get(sequence), `w ${n} ${FILLER}`);
    // The first member that joined has removed the FIFO of the dead one.
    assert.equal(names().filter((name) => name.startsWith(".agent-")).length, 1);
  }));
