// Journals on a disk: what was written there survives the end of the machine, whatever else the disk has.

import assert from "node:assert/strict";
import { Journal } from "../../../lib/journal/journal.ts";
import { CrashingDisk, restartMachine } from "../../support/crashing_disk.ts";
import { poke } from "../../support/damage.ts";
import { bytesOf, LEDGER, Ledger } from "../../support/ledger.ts";
import { cleanUpAfterKills, inSampledScratch } from "../../support/scratch.ts";

function open(dir: string, kept = Infinity): { journal: Journal; state: Ledger } {
  const state = new Ledger(kept);
  const options = { dir, persist: true, isDurable: true, slackBytes: 4096 };
  return { journal: new Journal("j", LEDGER, state, options), state };
}

/** Checks that texts follow each other up to at least a number. */
function checkRun(texts: readonly string[], least: number): number {
  const numbers = texts.map((text) => Number(text.split(" ")[0]));
  const [first = 0] = numbers;
  assert.deepEqual(numbers, numbers.map((_, i) => first + i));
  const last = numbers.at(-1) ?? -1;
  assert.ok(last >= least, `the last one is ${last}, but ${least} was on the disk`);
  return last;
}

Deno.test("what was written to the disk survives the end of the machine", () =>
  inSampledScratch(async ({ path }, random) => {
    const ROUNDS = 60;
    for (let round = 0; round < ROUNDS; round++) {
      const dir = `${path}/${round}`;
      Deno.mkdirSync(dir, { mode: 0o700 });
      using disk = new CrashingDisk(dir, "j");
      const kept = random.pick([5, 40, Infinity]);
      const { journal } = open(dir, kept);
      let n = 0;
      const append = (count: number) => {
        while (count-- > 0) journal.append(bytesOf(`${n++} ${"x".repeat(random.length(3000))}`));
      };
      append(random.below(200));
      await journal.sync();
      const least = n - 1;
      append(random.below(100));
      const crashed = disk.crash(random);
      journal.close();
      checkAfterCrash(crashed, kept, least);
      Deno.removeSync(crashed, { recursive: true });
      Deno.removeSync(dir, { recursive: true });
    }
  }));

function checkAfterCrash(dir: string, kept: number, least: number): void {
  restartMachine(dir, "j");
  const { journal, state } = open(dir, kept);
  const last = checkRun(state.texts, least);
  journal.append(bytesOf(`${last + 1} after`));
  checkRun(state.texts, last + 1);
  const other = open(dir, kept);
  assert.deepEqual(other.state.texts, state.texts);
  other.journal.append(bytesOf(`${last + 2} of another`));
  journal.catchUp();
  checkRun(state.texts, last + 2);
  journal.close();
  other.journal.close();
  cleanUpAfterKills(dir);
}

Deno.test("a payload that the disk does not have ends the journal before it", () =>
  inSampledScratch(({ path }) => {
    const first = open(path);
    for (const n of [0, 1, 2]) first.journal.append(bytesOf(`${n} payload`));
    first.journal.close();
    const name = [...Deno.readDirSync(path)].map(({ name }) => name)
      .find((name) => name.startsWith(".journal-j-") && !name.endsWith("ffffffff"))!;
    const bytes = Deno.readFileSync(`${path}/${name}`);
    const at = new TextDecoder("latin1").decode(bytes).indexOf("1 payload");
    poke(`${path}/${name}`, at, new Uint8Array(9));
    restartMachine(path, "j");
    const second = open(path);
    assert.deepEqual(second.state.texts, ["0 payload"]);
    second.journal.append(bytesOf("1 again"));
    second.journal.close();
    const third = open(path);
    assert.deepEqual(third.state.texts, ["0 payload", "1 again"]);
    third.journal.close();
    for (const { name } of Deno.readDirSync(path)) Deno.removeSync(`${path}/${name}`);
    return Promise.resolve();
  }));
