// Journals: one order for all members, and successive generations.

import assert from "node:assert/strict";
import * as layout from "../../../lib/segment/journal_layout.ts";
import { Journal, type JournalOptions, type JournalRecord } from "../../../lib/journal/journal.ts";
import {
  listChannels,
  Publisher,
  removeStale,
  ShmClosedError,
  ShmConnectionError,
  ShmCorruptionError,
} from "../../../mod.ts";
import { sleep, until } from "../../support/deadline.ts";
import { half, halfAt, poke } from "../../support/damage.ts";
import { bytesOf, LEDGER, Ledger } from "../../support/ledger.ts";
import { inScratch, type Scratch } from "../../support/scratch.ts";

/** For tests that wait for nothing. */
function atOnce(test: (scratch: Scratch) => void): Promise<void> {
  return inScratch((scratch) => Promise.resolve(test(scratch)));
}

/** A member with a state of its own. */
class Member implements Disposable {
  readonly state: Ledger;
  readonly journal: Journal;

  constructor(dir: string, options: JournalOptions & { kept?: number } = {}) {
    this.state = new Ledger(options.kept);
    this.journal = new Journal("j", LEDGER, this.state, { dir, ...options });
  }

  append(...texts: string[]): number[] {
    return texts.map((text) => this.journal.append(bytesOf(text)));
  }

  get texts(): string[] {
    this.journal.catchUp();
    return this.state.texts;
  }

  [Symbol.dispose](): void {
    this.journal.close();
  }
}

function numbers(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, n) => `${from + n}`);
}

function generations(names: string[]): string[] {
  return names.filter((name) => name.startsWith(".journal-") && !name.endsWith("-ffffffff"));
}

Deno.test("members see all records in one order, whenever they joined", () =>
  atOnce(({ path, names }) => {
    {
      using one = new Member(path);
      assert.deepEqual(one.append("a", "b"), [1, 2]);
      using other = new Member(path);
      assert.deepEqual(other.append("c"), [3]);
      assert.deepEqual(one.append("d"), [4]);
      assert.deepEqual(one.texts, ["a", "b", "c", "d"]);
      assert.deepEqual(other.texts, one.texts);
      const { applied } = other.state;
      assert.deepEqual(applied.map(({ sequence }) => sequence), [1, 2, 3, 4]);
      assert.deepEqual(applied.map(({ isOwn }) => isOwn), [false, false, true, false]);
      assert.equal(generations(names()).length, 1);
    }
  }));

Deno.test("the last member deletes a journal, unless it persists", () =>
  atOnce(({ path, names }) => {
    {
      using first = new Member(path, { persist: true });
      first.append("kept");
    }
    assert.equal(generations(names()).length, 1);
    {
      using second = new Member(path);
      assert.deepEqual(second.texts, ["kept"]);
    }
    assert.deepEqual(removeStale({ dir: path }), []);
    assert.equal(generations(names()).length, 1);
    assert.deepEqual(removeStale({ dir: path, includePersistent: true }), ["j"]);
    assert.deepEqual(names(), []);
    using third = new Member(path);
    assert.deepEqual(third.texts, []);
  }));

Deno.test("the longest name of a channel names a journal too", () =>
  atOnce(({ path: dir, names }) => {
    const name = "j".repeat(200);
    const state = { reset() {}, apply() {}, snapshot: () => [] };
    using journal = new Journal(name, LEDGER, state, { dir });
    journal.append(new Uint8Array(8));
    journal.rotate();
    using _other = new Journal(name, LEDGER, state, { dir });
    assert.equal(generations(names()).length, 1);
  }));

Deno.test("records are of any size, and empty", () =>
  atOnce(({ path }) => {
    using one = new Member(path);
    using other = new Member(path);
    const large = "large ".repeat(2_000_000);
    one.append("", large, "x");
    one.journal.append(bytesOf("in bytes"));
    assert.deepEqual(other.texts, ["", large, "x", "in bytes"]);
  }));

Deno.test("times never decrease, whatever the clocks return", () =>
  atOnce(({ path }) => {
    let nowMs = 5000;
    const clock = () => nowMs;
    using one = new Member(path, { clock });
    one.append("a");
    nowMs = 3000;
    one.append("b");
    one.journal.rotate();
    one.append("c");
    nowMs = 6000;
    one.append("d");
    assert.deepEqual(one.state.applied.map(({ timeMs }) => timeMs), [5000, 5000, 5000, 8000]);
  }));

Deno.test("members follow into a new generation, and see each record once", () =>
  atOnce(({ path, names }) => {
    using one = new Member(path);
    using other = new Member(path);
    one.append("a", "b");
    const [before] = generations(names());
    one.journal.rotate();
    assert.deepEqual(one.append("c"), [3]);
    assert.deepEqual(other.append("d"), [4]);
    const [after, ...more] = generations(names());
    assert.notEqual(after, before);
    assert.deepEqual(more, []);
    using late = new Member(path);
    for (const member of [one, other, late]) {
      assert.deepEqual(member.texts, ["a", "b", "c", "d"]);
      assert.equal(member.state.applied.length, 4);
      assert.equal(member.state.resets, 0);
    }
  }));

Deno.test("a member that missed whole generations gets a snapshot", () =>
  atOnce(({ path }) => {
    using one = new Member(path, { kept: 2 });
    using late = new Member(path, { kept: 2 });
    one.append("a");
    assert.deepEqual(late.texts, ["a"]);
    one.append("b");
    one.journal.rotate();
    one.append("c");
    one.journal.rotate();
    one.append("d");
    assert.deepEqual(late.texts, ["c", "d"]);
    assert.equal(late.state.resets, 1);
    assert.deepEqual(late.state.applied.map(({ text, sequence }) => [text, sequence]), [
      ["a", 1],
      ["b", 2],
      // The generation with "c" is deleted; this is the snapshot of the next one.
      ["b", 2],
      ["c", 3],
      ["d", 4],
    ]);
  }));

Deno.test("storage is bounded by the size of the state", () =>
  atOnce(({ path, names }) => {
    using one = new Member(path, { kept: 10, slackBytes: 100_000 });
    using other = new Member(path, { kept: 10, slackBytes: 100_000 });
    const text = "x".repeat(10_000);
    for (let n = 0; n < 300; n++) (n % 3 === 0 ? other : one).append(`${n} ${text}`);
    assert.deepEqual(one.texts, numbers(10, 290).map((n) => `${n} ${text}`));
    assert.deepEqual(other.texts, one.texts);
    const files = generations(names());
    assert.equal(files.length, 1);
    assert.ok(Deno.statSync(`${path}/${files[0]}`).size < 1_000_000);
    assert.ok(one.journal.usedBytes < 600_000, `${one.journal.usedBytes}`);
  }));

Deno.test("a member that cannot compact delays no other member", () =>
  atOnce(({ path }) => {
    class Stuck extends Ledger {
      override snapshot(): Iterable<never> {
        throw new ShmConnectionError("no space");
      }
    }
    using one = new Member(path, { kept: 1, slackBytes: 1000 });
    const state = new Stuck(1);
    using stuck = new Journal("j", LEDGER, state, { dir: path, slackBytes: 1000 });
    for (let n = 0; n < 40; n++) stuck.append(bytesOf("x".repeat(100)));
    const before = stuck.usedBytes;
    one.append("last");
    assert.ok(one.journal.usedBytes < before / 4);
    stuck.catchUp();
    assert.deepEqual(state.texts, ["last"]);
  }));

Deno.test("an idle member leaves a deleted generation in turns of the event loop", () =>
  inScratch(async ({ path }) => {
    let turn = 0;
    const turns = new Set<number>();
    class Slow extends Ledger {
      override apply(record: JournalRecord): void {
        super.apply(record);
        turns.add(turn);
        for (const endMs = performance.now() + 0.02; performance.now() < endMs;);
      }
    }
    const idle = new Slow();
    using _idle = new Journal("j", LEDGER, idle, { dir: path });
    using one = new Member(path);
    one.append(...numbers(5000));
    one.journal.rotate();
    const timer = setInterval(() => turn++, 0);
    await until(() => idle.entries.length === 5000, "the records");
    clearInterval(timer);
    assert.ok(turns.size > 5, `${turns.size} turns`);
  }));

Deno.test("a member that watches applies records soon, without a call", () =>
  inScratch(async ({ path }) => {
    using one = new Member(path);
    using other = new Member(path);
    other.journal.watch();
    other.journal.watch();
    one.append(...numbers(2500));
    await until(() => other.state.entries.length === 2500, "the records");
    one.journal.rotate();
    one.append("after");
    await until(() => other.state.entries.length === 2501, "the record after");
    other.append("own");
    one.append("again");
    await until(() => other.state.entries.length === 2503, "the last record");
    other.journal.unwatch();
    one.append("unseen");
    await sleep(150);
    assert.equal(other.state.entries.length, 2503);
    other.journal.watch();
    assert.equal(other.state.entries.length, 2504);
  }));

Deno.test("a closed journal throws, and closing twice does nothing", () =>
  atOnce(({ path }) => {
    using one = new Member(path);
    one.journal.watch();
    one.journal.close();
    one.journal.close();
    assert.throws(() => one.append("x"), ShmClosedError);
    assert.throws(() => one.journal.catchUp(), ShmClosedError);
    assert.throws(() => one.journal.watch(), ShmClosedError);
  }));

Deno.test("a name or a format that is in other use is rejected", () =>
  atOnce(({ path: dir, names }) => {
    using _publisher = new Publisher("ring", { dir });
    assert.throws(
      () => new Journal("ring", LEDGER, new Ledger(), { dir }),
      /its kind is broadcast, and this socket asks for journal/,
    );
    using _one = new Member(dir);
    assert.throws(() => new Journal("j", "test.other", new Ledger(), { dir }), (error: Error) => {
      assert.ok(error instanceof ShmConnectionError);
      assert.match(error.message, /its codec is "test.ledger"/);
      return true;
    });
    assert.throws(() => new Publisher("j", { dir }), /its kind is journal/);
    assert.equal(generations(names()).length, 1);
  }));

Deno.test("journals are listed with their members", () =>
  atOnce(({ path: dir }) => {
    using _one = new Member(dir);
    using _other = new Member(dir);
    const [info, ...more] = listChannels({ dir });
    assert.deepEqual(more, []);
    assert.deepEqual([info.name, info.kind, info.persistent], ["j", "journal", false]);
    assert.deepEqual(info.participants.map(({ role, alive }) => [role, alive]), [
      ["member", true],
      ["member", true],
    ]);
  }));

/** Overwrites a word of the only generation there is. */
function overwrite(path: string, names: string[], offset: number, value: number): void {
  using file = Deno.openSync(`${path}/${generations(names)[0]}`, { read: true, write: true });
  file.seekSync(offset, Deno.SeekMode.Start);
  file.writeSync(new Uint8Array(Uint32Array.of(value).buffer));
}

Deno.test("a root that names no generation any more costs no record", () =>
  atOnce(({ path }) => {
    const first = new Member(path);
    first.append("a", "b");
    first.journal.leave();
    const root = `${path}/j`;
    const newest = layout.ROOT_NEWEST;
    assert.equal(halfAt(root, newest), 1);
    poke(root, newest, half(0));
    assert.throws(() => new Member(path), {
      name: "ShmCorruptionError",
      message: /its root names no generation/,
    });
    poke(root, newest, half(1));
    using second = new Member(path);
    assert.deepEqual(second.texts, ["a", "b"]);
  }));

const RECORD_1 = layout.FIRST_RECORD + layout.RECORD_BYTES;
const SECOND = RECORD_1 + layout.RECORD_BYTES;

const DAMAGES: [string, number, number][] = [
  ["a next that points nowhere", SECOND + layout.RECORD_NEXT, 0xfffffff8],
  ["a next that points between records", SECOND + layout.RECORD_NEXT, SECOND + 4],
  ["a next that points back", SECOND + layout.RECORD_NEXT, RECORD_1],
  ["a length", SECOND + layout.RECORD_LENGTH, 0x7fffffff],
  ["an index", SECOND + layout.RECORD_INDEX, 77],
  ["a sequence", SECOND + layout.RECORD_SEQUENCE + 4, 0x7ff80000],
  ["a magic number", layout.GENERATION_MAGIC, 1],
];

for (const [what, offset, value] of DAMAGES) {
  Deno.test(`${what} that was overwritten is reported as damage`, () =>
    atOnce(({ path, names }) => {
      using one = new Member(path, { persist: true });
      one.append("a", "b");
      overwrite(path, names(), offset, value);
      // A member that has read the records does not read them again.
      assert.deepEqual(one.texts, ["a", "b"]);
      for (let attempt = 0; attempt < 2; attempt++) {
        assert.throws(() => new Member(path), ShmCorruptionError);
      }
      one.journal.close();
      removeStale({ dir: path, includePersistent: true });
    }));
}

Deno.test("a member that met damage throws the same error from then on", () =>
  atOnce(({ path, names }) => {
    using one = new Member(path);
    using other = new Member(path);
    one.append("a", "b");
    overwrite(path, names(), SECOND + layout.RECORD_KIND, 99);
    for (let attempt = 0; attempt < 2; attempt++) {
      assert.throws(() => other.texts, ShmCorruptionError);
      assert.throws(() => other.append("c"), ShmCorruptionError);
    }
  }));

Deno.test("after an overwritten end, no member writes over records", () =>
  atOnce(({ path, names }) => {
    using one = new Member(path);
    one.append("a", "b");
    overwrite(path, names(), layout.GENERATION_END, RECORD_1);
    assert.throws(() => one.append("c"), ShmCorruptionError);
    assert.deepEqual(one.texts, ["a", "b"]);
  }));

Deno.test("a generation that was deleted by hand is damage", () =>
  atOnce(({ path, names }) => {
    using one = new Member(path);
    one.append("a");
    Deno.removeSync(`${path}/${generations(names())[0]}`);
    assert.throws(() => new Member(path), /its generation 1 is missing/);
    assert.deepEqual(one.texts, ["a"]);
  }));

/** Overwrites a word of the root. */
function setRoot(path: string, offset: number, value: number): void {
  using file = Deno.openSync(`${path}/j`, { read: true, write: true });
  file.seekSync(offset, Deno.SeekMode.Start);
  file.writeSync(new Uint8Array(Uint32Array.of(value).buffer));
}

Deno.test("the snapshot of a killed compactor is deleted", () =>
  atOnce(({ path, names }) => {
    using one = new Member(path);
    one.append("a");
    const [name] = generations(names());
    setRoot(path, layout.ROOT_LAST_ID, 2);
    Deno.copyFileSync(`${path}/${name}`, `${path}/${name.replace(/1$/, "2")}`);
    using other = new Member(path);
    assert.deepEqual(other.texts, ["a"]);
    other.journal.rotate();
    assert.deepEqual(generations(names()), [name.replace(/1$/, "3")]);
    assert.deepEqual(one.texts, ["a"]);
  }));

Deno.test("the snapshot of a compactor that was killed after the handoff is used", () =>
  atOnce(({ path, names }) => {
    using one = new Member(path);
    one.append("a");
    const [sealed] = generations(names());
    Deno.linkSync(`${path}/${sealed}`, `${path}/.kept`);
    one.journal.rotate();
    one.append("b");
    // The state before the members that followed the handoff record deleted the old generation.
    Deno.renameSync(`${path}/.kept`, `${path}/${sealed}`);
    setRoot(path, layout.ROOT_NEWEST, 1);
    using other = new Member(path);
    assert.deepEqual(other.texts, ["a", "b"]);
    assert.deepEqual(generations(names()), [sealed.replace(/1$/, "2")]);
  }));

Deno.test("generations of a deleted journal are removed when it is created again, and by removeStale", () =>
  atOnce(({ path, names }) => {
    for (
      const remove of [() => new Member(path)[Symbol.dispose](), () => removeStale({ dir: path })]
    ) {
      const one = new Member(path, { persist: true });
      one[Symbol.dispose]();
      assert.equal(generations(names()).length, 1);
      Deno.removeSync(`${path}/j`);
      remove();
      assert.deepEqual(names(), []);
    }
  }));
