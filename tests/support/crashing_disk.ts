/**
 * What a disk has of a journal when the machine ends: surely what was written there, and perhaps more.
 *
 * @module
 */

import { platform } from "../../lib/platform/mod.ts";
import * as layout from "../../lib/segment/journal_layout.ts";
import { half, poke } from "./damage.ts";
import type { Random } from "./random.ts";
import { makeScratchDirectory } from "./scratch.ts";

const PAGE_BYTES = 4096;
const NO_BYTES = new Uint8Array(0);

/** What a disk surely has of a directory: the files at their last sync, and the names at that of the directory. */
export class CrashingDisk implements Disposable {
  readonly #dir: string;
  readonly #journal: string;
  readonly #files = new Map<bigint, Uint8Array>();
  #names = new Map<string, bigint>();
  readonly #restore: () => void;

  /** Observes the calls that write the files of a journal to the disk. */
  constructor(dir: string, journal: string) {
    this.#dir = dir;
    this.#journal = journal;
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
      if (name !== this.#journal && !name.startsWith(`.journal-${this.#journal}-`)) continue;
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
export function restartMachine(dir: string, journal: string): void {
  poke(`${dir}/${journal}`, layout.ROOT_BOOT, half(0x1234567));
}
