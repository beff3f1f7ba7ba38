/**
 * The files of a journal's generations.
 *
 * @module
 */

import { codeOf, JOURNAL_PREFIX, removeIfExists } from "../platform/directory.ts";
import { platform } from "../platform/mod.ts";
import { ROOT_IDENTITY } from "./layout.ts";

const FILE = new RegExp(`^\\${JOURNAL_PREFIX}(.+)-([0-9a-f]{16})-([0-9a-f]{8})$`);

/** The generations of one journal, by id. */
export class JournalFiles {
  readonly directory: string;
  readonly #journal: string;
  /** Distinguishes this journal from a deleted one of the same name. */
  readonly #identity: bigint;

  constructor(directory: string, journal: string, identity: bigint) {
    this.directory = directory;
    this.#journal = journal;
    this.#identity = identity;
  }

  /** Name of a generation's file. */
  nameOf(id: number): string {
    const identity = BigInt.asUintN(64, this.#identity).toString(16).padStart(16, "0");
    return `${JOURNAL_PREFIX}${this.#journal}-${identity}-${id.toString(16).padStart(8, "0")}`;
  }

  /** Deletes a generation; members that have it open can still use it. */
  remove(id: number): void {
    removeIfExists(`${this.directory}/${this.nameOf(id)}`);
  }

  /** Deletes generations older than one, and those of deleted journals of the same name. */
  removeOlder(id: number): void {
    for (const file of journalFiles(this.directory)) {
      if (file.journal !== this.#journal) continue;
      if (file.identity !== this.#identity) removeIfOrphan(this.directory, file);
      else if (file.id < id) this.remove(file.id);
    }
  }

  /** Deletes all generations if the journal was deleted. */
  removeOrphans(): void {
    for (const file of journalFiles(this.directory)) {
      if (file.journal === this.#journal) removeIfOrphan(this.directory, file);
    }
  }
}

/** Deletes the generations in a directory whose journals were deleted. */
export function removeOrphanedGenerations(directory: string): void {
  for (const file of journalFiles(directory)) removeIfOrphan(directory, file);
}

interface JournalFile {
  name: string;
  journal: string;
  identity: bigint;
  id: number;
}

function journalFiles(directory: string): JournalFile[] {
  return platform().list(directory).flatMap((name) => {
    const [, journal, identity, id] = FILE.exec(name) ?? [];
    if (journal === undefined) return [];
    const bits = BigInt.asIntN(64, BigInt(`0x${identity}`));
    return [{ name, journal, identity: bits, id: parseInt(id, 16) }];
  });
}

/** The root exists before the first generation, so that no new generation is taken for an orphan. */
function removeIfOrphan(directory: string, { name, journal, identity }: JournalFile): void {
  if (isOrphan(`${directory}/${journal}`, identity)) removeIfExists(`${directory}/${name}`);
}

/** False also if that cannot be determined, for example because no descriptor is left. */
function isOrphan(root: string, identity: bigint): boolean {
  const os = platform();
  let fd: number;
  try {
    fd = os.open(root);
  } catch (error) {
    return codeOf(error) === "ENOENT";
  }
  try {
    const found = new BigInt64Array(1);
    os.read(fd, new Uint8Array(found.buffer), ROOT_IDENTITY);
    return found[0] !== identity;
  } finally {
    os.close(fd);
  }
}
