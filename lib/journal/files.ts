/**
 * The files of a journal's generations.
 *
 * @module
 */

import { logger } from "../base/log.ts";
import { codeOf, exists, filesIn, JOURNAL_PREFIX, removeIfExists } from "../platform/directory.ts";
import { platform } from "../platform/mod.ts";
import { type ByteSource, FileSource } from "../segment/byte_source.ts";
import { generationName, SPARE_ID } from "../segment/journal_contents.ts";
import { parseConfig } from "../segment/format.ts";
import { ROOT_IDENTITY, ROOT_LAST_ID, ROOT_NEWEST } from "../segment/journal_layout.ts";

const FILE = new RegExp(`^\\${JOURNAL_PREFIX}(.+)-([0-9a-f]{16})-([0-9a-f]{8})$`);

/** The generations of one journal, by id. */
export class JournalFiles {
  readonly directory: string;
  readonly #journal: string;
  /** Distinguishes this journal from a deleted one of the same name. */
  readonly #identity: bigint;
  /** True if the records are to survive the end of the machine. */
  readonly isDurable: boolean;

  constructor(directory: string, journal: string, identity: bigint, isDurable = false) {
    this.directory = directory;
    this.isDurable = isDurable;
    this.#journal = journal;
    this.#identity = identity;
  }

  /** Name of a generation's file. */
  nameOf(id: number): string {
    return generationName(this.#journal, this.#identity, id);
  }

  /** Path of a generation's file. */
  pathOf(id: number): string {
    return `${this.directory}/${this.nameOf(id)}`;
  }

  /** Writes a generation, or the root and the names of the files, to the disk. */
  sync(id?: number): void {
    if (!this.isDurable) return;
    if (id !== undefined) return platform().sync(this.pathOf(id));
    platform().sync(`${this.directory}/${this.#journal}`);
    platform().sync(this.directory);
  }

  /** Path of the spare file. */
  get sparePath(): string {
    return this.pathOf(SPARE_ID);
  }

  /** The generations that are there. */
  ids(): number[] {
    return journalFiles(this.directory)
      .filter(({ journal, identity }) => journal === this.#journal && identity === this.#identity)
      .map(({ id }) => id)
      .filter((id) => id !== SPARE_ID);
  }

  /** Deletes a generation; members that have it open can still use it. */
  remove(id: number): void {
    removeIfExists(this.pathOf(id));
  }

  /** Deletes generations older than one, and those of deleted journals of the same name. */
  removeOlder(id: number): void {
    this.#cleanUp((file) => {
      if (file.identity !== this.#identity) removeIfOrphan(this.directory, file);
      else if (file.id < id) this.remove(file.id);
    });
  }

  /** Deletes all generations if the journal was deleted. */
  removeOrphans(): void {
    this.#cleanUp((file) => removeIfOrphan(this.directory, file));
  }

  /** Visits the generations of the journal's name. What cannot be deleted now is deleted later. */
  #cleanUp(visit: (file: JournalFile) => void): void {
    try {
      for (const file of journalFiles(this.directory)) {
        if (file.journal === this.#journal) visit(file);
      }
    } catch (error) {
      logger.debug("files of journal {journal} stay for now: {error}", {
        journal: this.#journal,
        error,
      });
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
  return filesIn(directory).flatMap((name) => {
    const [, journal, identity, id] = FILE.exec(name) ?? [];
    if (journal === undefined) return [];
    const bits = BigInt.asIntN(64, BigInt(`0x${identity}`));
    return [{ name, journal, identity: bits, id: parseInt(id, 16) }];
  });
}

/** The root exists before the first generation, so that no new generation is taken for an orphan. */
function removeIfOrphan(directory: string, file: JournalFile): void {
  if (isOrphan(directory, file)) removeIfExists(`${directory}/${file.name}`);
}

/** False also if that cannot be determined, for example because no descriptor is left. */
function isOrphan(directory: string, { journal, identity }: JournalFile): boolean {
  const os = platform();
  let fd: number;
  try {
    fd = os.open(`${directory}/${journal}`);
  } catch (error) {
    return codeOf(error) === "ENOENT";
  }
  try {
    return isRootOfAnother(directory, journal, new FileSource(fd), identity);
  } catch {
    return false;
  } finally {
    os.close(fd);
  }
}

/**
 * True if a root is that of another journal of the same name. An overwritten identity is not: the
 * generation that would belong to it does not exist.
 */
function isRootOfAnother(
  directory: string,
  journal: string,
  root: ByteSource,
  identity: bigint,
): boolean {
  const config = parseConfig(root);
  if ("problem" in config) return false;
  if (config.kind !== "journal") return true;
  const view = new DataView(root.read(ROOT_IDENTITY, ROOT_LAST_ID - ROOT_IDENTITY).buffer);
  const found = view.getBigInt64(0, true);
  const newest = view.getUint32(ROOT_NEWEST - ROOT_IDENTITY, true);
  if (found === 0n || found === identity) return false;
  const files = new JournalFiles(directory, journal, found);
  return newest === 0 || exists(`${directory}/${files.nameOf(newest)}`);
}
