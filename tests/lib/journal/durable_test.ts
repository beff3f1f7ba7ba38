// Journals on a disk: what was written there survives the end of the machine, whatever else the disk has.

import assert from "node:assert/strict";
import { Journal } from "../../../lib/journal/journal.ts";
import { platform } from "../../../lib/platform/mod.ts";
import * as layout from "../../../lib/segment/journal_layout.ts";
import { half, poke } from "../../support/damage.ts";
import { bytesOf, LEDGER, Ledger } from "../../support/ledger.ts";
import type { Random } from "../../support/random.ts";
import {
  cleanUpAfterKills,
  inSampledScratch,
  makeScratchDirectory,
} from "../../support/scratch.ts";

const PAGE_BYTES = 4096;
const NO_BYTES = new Uint8Array(0);

/** What a disk surely has of a directory: the files at their last sync, and the names at that of the directory. */
class Disk implements Disposable {
  readonly #dir: string;
  readonly #files = new Map<bigint, Uint8Array>();
  #names = new Map<string, bigint>();
  readonly #restore: () => void;

  /** Observes the calls that write to the disk. */
  constructor(dir: string) {
    this.#dir = dir;
    const os = platform();
    const { sync, syncLater } = os;
    this.#restore = () => Object.assign(os, { sync, syncLater });
    os.sync = (path) => {
      sync.call(os, path);
      this.#note(path);
    };
    os.syncLater = async (path) => {
      const written = path === dir ? NO_BYTES : Deno.readFileSync(path);
      const { inode } = os.status(path);
      await syncLater.call(os, path);
      this.#files.set(inode, written);
    };
  }

  #note(path: string): void {
    if (path === this.#dir) this.#names = new Map(this.#current());
    else this.#files.set(platform().status(path).inode, Deno.readFileSync(path));
  }

  #current(): [string, bigint][] {
    return [...Deno.readDirSync(this.#dir)].filter(({ isFile }) => isFile)
      .map(({ name }) => [name, platform().status(`${this.#dir}/${name}`).inode]);
  }

  /** Makes a directory of what may be left when the machine ends now. */
  crash(random: Random): string {
    const target = makeScratchDirectory();
    const current = new Map(this.#current());
    for (const name of new Set([...this.#names.keys(), ...current.keys()])) {
      if (!/^(j|\.journal-j-.*)$/.test(name)) continue;
      const inode = random.chance(0.5) ? current.get(name) : this.#names.get(name);
      if (inode === undefined) continue;
      const isThere = current.get(name) === inode;
      const newer = isThere ? Deno.readFileSync(`${this.#dir}/${name}`) : this.#files.get(inode);
      Deno.writeFileSync(
        `${target}/${name}`,
        mixed(this.#files.get(inode) ?? NO_BYTES, newer ?? NO_BYTES, random),
        { mode: 0o600 },
      );
    }
    return target;
  }

  [Symbol.dispose](): void {
    this.#restore();
  }
}

/** Each page is the written one, or a later one. */
function mixed(written: Uint8Array, newer: Uint8Array, random: Random): Uint8Array {
  const bytes = new Uint8Array(Math.max(written.length, newer.length));
  const share = random.pick([0, 0.1, 0.5, 0.9]);
  for (let at = 0; at < bytes.length; at += PAGE_BYTES) {
    const source = random.chance(share) ? newer : written;
    bytes.set(source.subarray(at, at + PAGE_BYTES), at);
  }
  return bytes;
}

/** Lets a directory be one of a machine that was started again. */
function restartMachine(dir: string): void {
  poke(`${dir}/j`, layout.ROOT_BOOT, half(0x1234567));
}

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
      using disk = new Disk(dir);
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
  restartMachine(dir);
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
    restartMachine(path);
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
